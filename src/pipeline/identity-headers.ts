import { foldedName, isClosedToClients } from '../header-names.ts'
import { hopByHopHeaders, withoutDeclared } from '../proxy/index.ts'

/** Whether a client's header line goes upstream, by its name alone. */
export type HeaderFilter = (name: string) => boolean

const maxRememberedNames = 2_000
const maxRememberedLength = 64

/**
 * A filter for names that CGI, WSGI, PHP and others would fold together: to them `X_Auth-User`, `x.auth.user` and
 * `X-Auth-User` are one header (CVE-2025-64484, CVE-2026-39858). So every name is compared folded.
 */
export function createHeaderFilter (assertedNames: readonly string[]): HeaderFilter {
  const dropped = new Set([...assertedNames, ...hopByHopHeaders].map(foldedName))
  // Spellings come from outside: what is remembered of them is bounded.
  const remembered = new Map<string, boolean>()
  return (name) => {
    const known = remembered.get(name)
    if (known !== undefined) return known
    const folded = foldedName(name)
    const isKept = !dropped.has(folded) && !isClosedToClients(folded) && !isLengthAlias(name, folded)
    if (remembered.size < maxRememberedNames && name.length <= maxRememberedLength) remembered.set(name, isKept)
    return isKept
  }
}

/** The same, without the credential that was meant for Doorward: like its cookies, it goes no further. */
export function exceptAuthorization (isKept: HeaderFilter): HeaderFilter {
  return (name) => isKept(name) && foldedName(name) !== 'authorization'
}

/** `Content_Length` is not framing to HTTP, but CGI and WSGI make one variable of both. */
function isLengthAlias (name: string, folded: string): boolean {
  return folded === 'content-length' && name.toLowerCase() !== folded
}

/**
 * What of the client's header lines goes upstream. To it is added what Doorward says: strip, then set, in this order,
 * for every path and every transport.
 *
 * @param raw name, value, name, value… as received; the result has the same form and order, and is the caller's own
 */
export function keptHeaders (raw: readonly string[], isKept: HeaderFilter): string[] {
  const lines: string[] = []
  const declarations: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    if (isKept(name)) lines.push(name, value)
    else if (name.length === 10 && value !== 'keep-alive' && name.toLowerCase() === 'connection') declarations.push(value)
  }
  // Before ours are set: a client must not be able to name ours as fields of its connection (CVE-2026-33805).
  return declarations.length === 0 ? lines : withoutDeclared(lines, declarations)
}
