import { html, type Html } from './html.ts'

export interface Button {
  readonly text: string
  /** A path with its query, or the same on the public URL. */
  readonly href: string | undefined
}

/** Links that look like buttons, the first of them as the one to choose. One that leads nowhere safe is left out. */
export function buttons (all: readonly Button[], publicUrl?: string): Html[] {
  return all
    .filter(({ href }) => href !== undefined && isOwnPath(pathOn(publicUrl, href)))
    .map(({ text, href }, index) => html`<a class="${index === 0 ? 'button primary' : 'button'}" href="${href}">${text}</a>`)
}

/** What stands behind the public URL; anything else as it is. */
function pathOn (publicUrl: string | undefined, href: string): string {
  return publicUrl !== undefined && href.startsWith(`${publicUrl}/`) ? href.slice(publicUrl.length) : href
}

/**
 * Escaping keeps a text inside its attribute, but not `javascript:` or another host out of a link. Browsers drop tabs
 * and line ends in an address and read `\` as `/`, so only visible ASCII passes, and never two slashes at the front.
 */
export function isOwnPath (href: string): boolean {
  return /^\/(?![/\\])[\x21-\x5B\x5D-\x7E]*$/.test(href)
}
