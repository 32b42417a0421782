/** The ids by which a provider finds the case in its own log. */
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * The provider's description of an error, for those who run Doorward. Providers have been seen to repeat there what
 * they were sent: whatever is too long for a word is taken for a token or a code and left out.
 */
export function describedSafely (description: unknown): string | undefined {
  if (typeof description !== 'string') return undefined
  return description.replace(/[\w.~+/=-]{16,}/g, (word) => uuid.test(word) || /^[a-z_]+\.?$/i.test(word) ? word : '[redacted]')
}

const maxWordsLength = 300

/** Several of the provider's words as one quotation. */
export function quotedSafely (parts: readonly unknown[]): string {
  const words = parts.map((part) => typeof part === 'number' ? String(part) : describedSafely(part)).filter((text) => text !== undefined)
  return JSON.stringify(words.join(': ').slice(0, maxWordsLength))
}
