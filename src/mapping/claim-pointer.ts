/**
 * How claims are named: by their name, or by a JSON pointer (RFC 6901), which begins with a slash, where one lies inside
 * of another. A name that begins with a slash itself can only be pointed at.
 */

/** The names on the way to a claim, from the outermost inwards. */
export function claimPath (nameOrPointer: string): readonly string[] {
  return nameOrPointer.startsWith('/') ? nameOrPointer.slice(1).split('/').map(unescapeToken) : [nameOrPointer]
}

/** The claim in which the one that is named lies, or which it is. */
export function outermostClaim (nameOrPointer: string): string {
  return claimPath(nameOrPointer)[0] ?? ''
}

/** A name as part of a pointer (RFC 6901 section 3). */
export function pointerToken (name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** RFC 6901 section 4: `~1` before `~0`, so that `~01` is `~1` and not a slash. */
function unescapeToken (token: string): string {
  return token.replaceAll('~1', '/').replaceAll('~0', '~')
}
