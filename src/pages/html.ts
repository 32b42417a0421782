/** Markup that is safe to send. Only `html` makes it, so there is no way to pass off a text as markup. */
class Fragment {
  readonly #markup: string

  constructor (markup: string) {
    this.#markup = markup
  }

  toString (): string {
    return this.#markup
  }
}

export type Html = Fragment

/** What a template takes: a text is escaped, markup is taken over, a list is put in a row, `undefined` is nothing. */
type Part = string | Html | readonly Html[] | undefined

/**
 * Template tag that escapes every text put into it. A text may stand in an element or in a quoted attribute, never
 * in a tag, a `<style>` or an attribute without quotes.
 */
export function html (literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const rest = parts.map((part, index) => markupOf(part) + (literals[index + 1] ?? ''))
  return new Fragment((literals[0] ?? '') + rest.join(''))
}

function markupOf (part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Fragment) return part.toString()
  if (typeof part === 'string') return escape(part)
  return part.join('')
}

const references: Readonly<Record<string, string>> = {
  '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;', '`': '&#96;'
}

// Marks that turn the direction of text let one name look like another (CVE-2021-42574), and what browsers make of
// control characters differs. Neither has a meaning on a page, so both become the replacement character.
// eslint-disable-next-line no-control-regex -- they are what is looked for
const unsafe = /[&<>"'`]|[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]|\p{Surrogate}/gu

function escape (text: string): string {
  return text.replace(unsafe, (character) => references[character] ?? '\uFFFD')
}
