import { html, type Html } from './html.ts'

export type Drawing = 'closed' | 'open' | 'missing'

/** The door of the mark in three states; colours come from the style sheet, so they follow light and dark. */
export const drawings: Readonly<Record<Drawing, Html>> = {
  /** Somebody is kept out. */
  closed: frame(html`<path class="leaf" d="M15 69V30a17 17 0 0 1 34 0v39z"/><circle class="knob" cx="42" cy="45" r="2.2"/>`),
  /** The way in stands open. */
  open: frame(html`<path class="light" d="M15 66V30a17 17 0 0 1 34 0v36z"/><path class="leaf" d="M15 69V30c0-9 4-15.5 11-17.2 1.5-.3 3 .7 3 2.4V75z"/><circle class="knob" cx="25" cy="46" r="1.8"/>`),
  /** An arch with nothing behind it. */
  missing: frame(undefined)
}

export const wordmark: Html = html`<svg class="glyph" viewBox="0 0 16 18" aria-hidden="true"><path d="M2.5 16.5v-9a5.5 5.5 0 0 1 11 0v9m-13 0h15"/></svg>Doorward`

function frame (inside: Html | undefined): Html {
  return html`<svg class="door" viewBox="0 0 64 78" aria-hidden="true"><path class="arch" d="M11 69V30a21 21 0 0 1 42 0v39M4 69h56"/>${inside}</svg>`
}
