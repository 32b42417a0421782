/**
 * What JSON lets through and a reader may not take as it was meant: DEL and the C1 controls, which steer terminals, the
 * two separators that many tools take for line breaks, and the marks that turn the direction of text (CVE-2021-42574).
 */

const unsafe = /[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** JSON text of the same meaning in which a stranger's words can neither end a line nor steer the terminal it is read on. */
export function escapeControls (json: string): string {
  return json.replace(unsafe, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
