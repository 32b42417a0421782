import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

const style = readFileSync(new URL('./style.css', import.meta.url), 'utf8')
const styleHash = createHash('sha256').update(style).digest('base64')

/** Sent with every page of the demo. No `form-action`: browsers apply it to the redirect that follows a form, too. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${styleHash}'; img-src data:; base-uri 'none'; frame-ancestors 'none'`
} as const

/** Text that is markup already; everything else is escaped when it enters a template. */
export class Markup {
  readonly text: string

  constructor (text: string) {
    this.text = text
  }
}

type Piece = string | number | Markup | undefined | readonly Piece[]

/** A template whose values are escaped; lists are joined, `undefined` is nothing. */
export function html (strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  return new Markup(String.raw({ raw: strings }, ...pieces.map(render)))
}

function render (piece: Piece): string {
  if (piece === undefined) return ''
  if (piece instanceof Markup) return piece.text
  if (Array.isArray(piece)) return piece.map(render).join('')
  return String(piece).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

/** A whole page in the style that the provider and the application share. */
export function page (title: string, content: Markup): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${new Markup(style)}</style>
</head>
<body>
${content}
</body>
</html>
`.text
}

/** Words in rounded boxes, or what to say when there are none. */
export function chips (words: readonly string[], none: string): Markup {
  if (words.length === 0) return html`<span class="faint">${none}</span>`
  return html`<span class="chips">${words.map((word) => html`<span class="chip">${word}</span>`)}</span>`
}

/** A circle with the first letter of a name. */
export function avatar (name: string): Markup {
  return html`<span class="avatar" aria-hidden="true">${[...name].at(0)?.toUpperCase()}</span>`
}
