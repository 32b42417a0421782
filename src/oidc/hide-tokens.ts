import { type Claims, pointerToken } from '../mapping/index.ts'

export interface ShownClaims {
  readonly claims: Claims
  /** JSON pointers (RFC 6901) of what is not shown. */
  readonly hidden: readonly string[]
}

/** In place of what is not shown. */
const hiddenText = '[hidden]'

/** What is nested deeper means nothing, and must not exhaust the stack of whoever writes it. */
const maxDepth = 32

/** What binds an id_token to a code, a token or a request: it says nothing of anybody. */
const bindings: ReadonlySet<string> = new Set(['nonce', 'at_hash', 'c_hash', 's_hash'])

/** Some providers pass on tokens of theirs, and distributed claims bring one along (OpenID Connect Core section 5.6.2). */
const tellingName = /(?:token|secret|password|passphrase|credential|api_?key|jwt|assertion)s?$/i

/**
 * A copy of claims for people to read, without anything that may be good for something (CVE-2024-39315).
 *
 * @param tokens that came with the claims, wherever they may be repeated
 */
export function hideTokens (claims: Claims, tokens: readonly string[]): ShownClaims {
  const hidden: string[] = []

  function shown (value: unknown, name: string, path: string, depth: number): unknown {
    if (value === null || value === '' || typeof value === 'boolean') return value
    if (depth > maxDepth || bindings.has(name) || tellingName.test(name) || (typeof value === 'string' && isToken(value, tokens))) {
      hidden.push(path)
      return hiddenText
    }
    if (Array.isArray(value)) return value.map((entry, index) => shown(entry, name, `${path}/${index}`, depth + 1))
    return typeof value === 'object' ? members(value, path, depth) : value
  }

  function members (record: object, path: string, depth: number): Record<string, unknown> {
    return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, shown(value, name, `${path}/${pointerToken(name)}`, depth + 1)]))
  }

  return { claims: members(claims, '', 0), hidden }
}

/** Signed or encrypted in the compact form (RFC 7515 section 7.1): the header is an object, so it begins as `{"` does. */
function isToken (text: string, tokens: readonly string[]): boolean {
  const isCompact = text.length >= shortestToken && text.includes('eyJ') && text.split('.', 3).length === 3
  return isCompact || tokens.some((token) => text.includes(token))
}

const shortestToken = 40
