import { html, type Html } from './html.ts'

export interface Button {
  readonly text: string
  /** A path of this origin with its query. */
  readonly href: string | undefined
}

/** Links that look like buttons, the first of them as the one to choose. One that leads nowhere safe is left out. */
export function buttons (all: readonly Button[]): Html[] {
  return all
    .filter(({ href }) => href !== undefined && isOwnPath(href))
    .map(({ text, href }, index) => html`<a class="${index === 0 ? 'button primary' : 'button'}" href="${href}">${text}</a>`)
}

/**
 * Escaping keeps a text inside its attribute, but not `javascript:` or another host out of a link. Browsers drop tabs
 * and line ends in an address and read `\` as `/`, so only visible ASCII passes, and never two slashes at the front.
 */
export function isOwnPath (href: string): boolean {
  return /^\/(?![/\\])[\x21-\x5B\x5D-\x7E]*$/.test(href)
}
