import { html, type Html } from './html.ts'

/** A claim may hold a megabyte: what is longer is cut, and its length said. */
const longestText = 300
const mostEntries = 12

/** What somebody's claim holds, for a person to read: bounded, whatever it is. */
export function claimValue (value: unknown): Html {
  if (value === undefined) return html`<span class="none">–</span>`
  const blank = blankWords(value)
  if (blank !== undefined) return html`<span class="mark">${blank}</span>`
  if (typeof value === 'string') return html`<bdi>${cut(value)}</bdi>`
  if (!Array.isArray(value) || value.some((entry) => typeof entry === 'object')) return html`<code>${cut(JSON.stringify(value))}</code>`
  return html`<ul class="values">${value.slice(0, mostEntries).map((entry) => html`<li>${claimValue(entry)}</li>`)}${more(value.length - mostEntries)}</ul>`
}

/** What says nothing, or is not shown (src/oidc/hide-tokens.ts). */
function blankWords (value: unknown): string | undefined {
  if (value === null) return 'null'
  if (value === '') return 'empty text'
  if (typeof value === 'string' && value.trim() === '') return 'spaces alone'
  if (value === '[hidden]') return 'hidden'
  if (typeof value !== 'object' || Object.keys(value).length > 0) return undefined
  return Array.isArray(value) ? 'empty list' : 'empty object'
}

/** The last entry of a list that is cut. */
export function more (rest: number): Html | undefined {
  return rest > 0 ? html`<li class="more">and ${rest.toLocaleString('en')} more</li>` : undefined
}

export function cut (text: string, longest = longestText): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length.toLocaleString('en')} characters)`
}
