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

/**
 * A path in policy form, folded for comparison where case must not matter. Letters outside ASCII are folded too, and
 * composed alike: a matcher that skips case folding wherever a `%` stands is a way around a rule (CVE-2026-27587).
 */
export function caseFolded (path: string): string {
  if (!path.includes('%')) return path.toLowerCase()
  return path.replace(/(?:%[89A-F][0-9A-F])+/g, decodeUtf8).normalize('NFC').toLowerCase()
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
