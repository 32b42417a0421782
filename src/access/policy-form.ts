/**
 * A path in the form in which rules and requests are compared: every escape of an ASCII character is decoded once, so
 * that `/%61dmin` is `/admin` (CVE-2026-22037); all other bytes stand as upper-case escapes, so that `%E9`, which is
 * not UTF-8, is compared as the byte that it is. A percent sign itself stays `%25`: otherwise `%25C3` would be taken for `%C3`.
 */
export function policyForm (path: string): string {
  return path.includes('%') ? path.replace(/%[0-9a-f]{2}/gi, decodeAscii) : path
}

/** The same for the text of a rule, which people write as they read it: `/café/**`, `/100%/**`. */
export function policyFormOfRule (text: string): string {
  const escaped = text
    .replace(/%(?![0-9a-f]{2})/gi, '%25')
    .replace(/[^\0-\x7f]+/g, (run) => encodeURIComponent(run.toWellFormed()))
  return policyForm(escaped)
}

/** A character outside ASCII, or bytes that look like one. Each by itself: a stray byte beside it must not keep it from being read. */
const utf8Character = /%[CD][0-9A-F]%[89AB][0-9A-F]|%E[0-9A-F](?:%[89AB][0-9A-F]){2}|%F[0-9A-F](?:%[89AB][0-9A-F]){3}/g

/**
 * A path in policy form, folded for comparison where case must not matter. Letters outside ASCII are folded too, and
 * decomposed alike: a matcher that skips case folding wherever a `%` stands is a way around a rule (CVE-2026-27587), and
 * so is a composed letter to one that looks for what it begins with. To lower case and then to upper, since several
 * letters have one capital: to a reader that compares capitals, `ς` is `σ` and `adm\u0131n` is `admin`.
 */
export function caseFolded (path: string): string {
  if (!path.includes('%')) return path.toUpperCase()
  return path.replace(utf8Character, decodeUtf8).normalize('NFD').toLowerCase().toUpperCase()
}

/** The text that a segment in policy form stands for; `undefined` where it is not UTF-8, or empty. */
export function textOfSegment (segment: string): string | undefined {
  try {
    return decodeURIComponent(segment) || undefined
  } catch {
    return undefined
  }
}

function decodeAscii (escape: string): string {
  const code = Number.parseInt(escape.slice(1), 16)
  return code < 0x80 && code !== 0x25 ? String.fromCharCode(code) : escape.toUpperCase()
}

function decodeUtf8 (escapes: string): string {
  try {
    return decodeURIComponent(escapes)
  } catch {
    return escapes
  }
}
