import { connectionTokens, hopByHopHeaders } from '../proxy/index.ts'

/** Whether a client's header line goes upstream, by its name alone. */
export type HeaderFilter = (name: string) => boolean

/**
 * Forwarding headers that applications, frameworks and proxies believe. They are rebuilt from what Doorward knows, or
 * removed: none is taken over from a client. Everything that begins with `x-forwarded-` and `x-original-` belongs here too.
 */
const forwardingHeaders = [
  'forwarded', 'x-real-ip', 'x-rewrite-url', 'x-client-ip', 'x-cluster-client-ip', 'true-client-ip',
  'cf-connecting-ip', 'fastly-client-ip', 'x-request-id'
]
const forwardingPrefixes = /^x-(forwarded|original)(-|$)/

/** Answered or set by Doorward itself. */
const replacedHeaders = ['host', 'cookie', 'expect']

const maxRememberedNames = 2_000

/**
 * A filter for names that CGI, WSGI, PHP and others would fold together: to them `X_Auth-User`, `x.auth.user` and
 * `X-Auth-User` are one header (CVE-2025-64484, CVE-2026-39858). So every name is compared folded.
 */
export function createHeaderFilter (assertedNames: readonly string[]): HeaderFilter {
  const dropped = new Set([...assertedNames, ...forwardingHeaders, ...replacedHeaders, ...hopByHopHeaders].map(foldedName))
  // Spellings come from outside: what is remembered of them is bounded.
  const remembered = new Map<string, boolean>()
  return (name) => {
    const known = remembered.get(name)
    if (known !== undefined) return known
    const folded = foldedName(name)
    const isKept = !dropped.has(folded) && !forwardingPrefixes.test(folded) && !isLengthAlias(name, folded)
    if (remembered.size < maxRememberedNames) remembered.set(name, isKept)
    return isKept
  }
}

/** `Content_Length` is not framing to HTTP, but CGI and WSGI make one variable of both. */
function isLengthAlias (name: string, folded: string): boolean {
  return folded === 'content-length' && name.toLowerCase() !== folded
}

/** The name as the most forgiving reader sees it. */
export function foldedName (name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/**
 * The header lines for the upstream: what the client sent, without what is not its to say, then what Doorward says.
 * One function for every path and every transport: strip, then set.
 *
 * @param raw name, value, name, value… as received; the result has the same form and order
 */
export function upstreamHeaders (raw: readonly string[], isKept: HeaderFilter, ours: readonly (readonly string[])[]): string[] {
  const lines: string[] = []
  let declared: string[] | undefined
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    const value = raw[index + 1] ?? ''
    if (isKept(name)) lines.push(name, value)
    else if (name.length === 10 && name.toLowerCase() === 'connection') declared = [...declared ?? [], ...connectionTokens(value)]
  }
  const kept = declared === undefined || isOrdinary(declared) ? lines : withoutDeclared(lines, declared)
  for (const set of ours) kept.push(...set)
  return kept
}

function isOrdinary (tokens: readonly string[]): boolean {
  return tokens.every((token) => token === 'keep-alive' || token === 'close')
}

/** Before ours are set: a client must not be able to name ours as fields of its connection (CVE-2026-33805). */
function withoutDeclared (lines: readonly string[], declared: readonly string[]): string[] {
  return lines.filter((_text, index) => !declared.includes(lines[index - index % 2]?.toLowerCase() ?? ''))
}
