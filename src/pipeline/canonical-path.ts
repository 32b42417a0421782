import { policyForm } from '../access/index.ts'

const maxPathLength = 8 * 1024
const maxSegments = 200

/** A request-target that is passed on, and how it may be read. */
export interface CanonicalPath {
  readonly ok: true
  /** The bytes to forward: the target as received. */
  readonly target: string
  /** The target up to the query, as received. */
  readonly path: string
  /** Without its question mark, as received. */
  readonly query: string
  /** Every way in which an upstream may plausibly read the path, in policy form; nearly always one, at most sixteen. */
  readonly readings: readonly string[]
  /** The path holds `%23` or `%3F`: an upstream that decodes too early ends the path there (CVE-2026-41059). */
  readonly hasEncodedDelimiter: boolean
}

export type CanonicalPathResult = CanonicalPath | { readonly ok: false, readonly code: 'target_invalid' | 'target_too_long' }

/** What almost every request looks like: one reading, which is its very text. Short enough for at most 200 segments. */
const plainTarget = /^(?:\/(?!\/|\.{1,2}(?:[/?]|$))[A-Za-z0-9\-._~!$&'()*+,=:@]*){1,200}(?:\?[\x21\x22\x24-\x7e]*)?$/

/**
 * One slash, then visible ASCII and well-formed escapes. Refused: `#`, which some stop at; `\` and escaped slashes and
 * backslashes, which some take for a slash; escaped control characters; and overlong UTF-8 (RFC 3629 section 3), in
 * which a careless decoder finds a dot or a slash. Other bytes that are not UTF-8, such as `%E9`, are legal.
 */
const admissiblePath = /^\/(?!\/)(?:[\x21\x22\x24\x26-\x5b\x5d-\x7e]|%(?![01][0-9a-f]|2f|5c|7f|c[01]%[89ab]|e0%[89]|f[08c]%8)[0-9a-f]{2})*$/i

/** Forwarded as it is and never part of a decision (CVE-2025-54576). */
const admissibleQuery = /^[\x21\x22\x24-\x7e]*$/

const dotSegment = /\/\.{1,2}(?:\/|$)/

/** In policy form, where a percent sign is `%25`: what another decoding turns into a slash or a backslash. */
const doublyEncodedSlash = /%25(?:2f|5c)/i

/** In policy form: what another decoding turns into something else. */
const encodedEscape = /%25([0-9a-f]{2})/gi

/**
 * Admits a request-target or refuses it. What is admitted is forwarded byte for byte, and rules decide on how those
 * bytes are read: nothing is normalised in between. What an upstream might resolve to another place is refused.
 *
 * @param target the request-target in origin-form (RFC 9112 section 3.2.1), as received; every other form is refused
 */
export function canonicalPath (target: string): CanonicalPathResult {
  const mark = target.indexOf('?')
  const path = mark === -1 ? target : target.slice(0, mark)
  const query = mark === -1 ? '' : target.slice(mark + 1)
  if (path.length > maxPathLength) return { ok: false, code: 'target_too_long' }
  if (plainTarget.test(target)) return { ok: true, target, path, query, readings: [path], hasEncodedDelimiter: false }
  if (!admissiblePath.test(path) || !admissibleQuery.test(query) || segmentsOf(path) > maxSegments) return invalid

  const policy = policyForm(path)
  if (doublyEncodedSlash.test(policy)) return invalid
  // Nobody needs three layers of encoding but to hide what the first two show.
  if (decodeAgain(policy).search(encodedEscape) !== -1) return invalid
  const readings = readingsOf(policy)
  if (readings.some((reading) => dotSegment.test(reading))) return invalid
  return { ok: true, target, path, query, readings, hasEncodedDelimiter: /%(?:23|3f)/i.test(path) }
}

const invalid = { ok: false, code: 'target_invalid' } as const

function segmentsOf (path: string): number {
  return path.split('/').length - 1
}

/** What one upstream or another does to a path before it looks at it; each in policy form, in the order in which they would happen. */
const habits: ReadonlyArray<(path: string) => string> = [
  /* decodes twice        */ decodeAgain,
  /* decodes too early    */ (path) => path.replace(/[?#].*$/s, ''),
  /* cuts off parameters  */ (path) => path.replace(/;[^/]*/g, ''),
  /* merges slashes       */ (path) => path.replace(/\/{2,}/g, '/')
]

function decodeAgain (policy: string): string {
  return policy.replace(encodedEscape, (_, hex: string) => policyForm(`%${hex}`))
}

/** Most upstreams have none of the habits and some have several: every combination is a reading. */
function readingsOf (policy: string): string[] {
  const readings = new Set([policy])
  for (const habit of habits) {
    for (const reading of [...readings]) readings.add(habit(reading))
  }
  return [...readings]
}

/**
 * Whether any reading is the base path of the gateway's own routes or below it: nothing there belongs to an upstream.
 * Case does not matter, for an upstream may not care about it either.
 */
export function isUnderBasePath (readings: readonly string[], basePath: string): boolean {
  const base = basePath.toLowerCase()
  const below = `${base}/`
  return readings.some((reading) => {
    const folded = reading.toLowerCase()
    return folded === base || folded.startsWith(below)
  })
}
