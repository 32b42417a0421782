/** Other people's text for a terminal: what is not visible is shown as an escape, so that none of it can steer there. */
export function visible (text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`)
}
