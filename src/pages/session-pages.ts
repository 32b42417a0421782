import { loginUrl, logoutUrl } from '../own-routes.ts'
import { buttons, isOwnPath } from './buttons.ts'
import { keepFragment, putFragmentBack } from './fragment.ts'
import { html } from './html.ts'
import { type PageContent } from './layout.ts'
import { type Site } from './site.ts'

/**
 * Ends a sign-in where the session cookie is `SameSite=Strict`. A redirect out of the callback still counts as caused by
 * the provider's site, so the browser would keep the cookie back; a step that this page takes counts as our own. And where
 * a fragment was kept, which no redirect could name.
 */
export function signedInPage (returnTo: string, fragment?: string): PageContent {
  const href = isOwnPath(returnTo) ? returnTo : '/'
  return {
    status: 200,
    heading: 'You are signed in',
    drawing: 'open',
    goesOnTo: href,
    body: html`<p class="lead">The page you wanted opens by itself.</p>`,
    ...fragment !== undefined && { script: putFragmentBack },
    actions: [html`<a class="button primary"${fragment === undefined ? undefined : html` data-fragment="${fragment}"`} href="${href}">Go on</a>`]
  }
}

/** Begins a sign-in: keeps the fragment of the page wanted, if there is one, and goes on at once. */
export function signingInPage (page: string, onward: string): PageContent {
  return {
    status: 200,
    heading: 'Signing in',
    drawing: 'open',
    goesOnTo: onward,
    script: keepFragment,
    body: html`<p class="lead">The sign-in opens by itself.</p>`,
    actions: [html`<a class="button primary" data-page="${page}" href="${onward}">Go on</a>`]
  }
}

const stillKnown = html`<p class="quiet">Your identity provider may still remember you and sign you in again without asking. On a shared computer, sign out there too, or close the browser.</p>`

/** The session has ended: here alone, or at the provider too. */
export function signedOutPage ({ basePath, providerLabel }: Site, isEverywhere: boolean): PageContent {
  return {
    status: 200,
    heading: 'You are signed out',
    drawing: 'open',
    body: isEverywhere
      ? html`<p class="lead">Your session at this site has ended, and your identity provider was asked to end its own.</p>`
      : html`<p class="lead">Your session at this site has ended.</p>
${stillKnown}`,
    actions: buttons([{ text: providerLabel, href: loginUrl(basePath) }])
  }
}

/** Asks whether a logout is meant: any site can send a browser to an address, which must not be enough to end a session. */
export function logoutConfirmationPage ({ basePath }: Site, returnTo: string | undefined): PageContent {
  return {
    status: 200,
    heading: 'Sign out?',
    drawing: 'open',
    postsOnward: true,
    body: html`<p class="lead">Another site asked to sign you out here. Nothing has happened yet.</p>`,
    actions: [
      html`<form method="post" action="${logoutUrl(basePath, returnTo)}"><button class="button primary">Sign out</button></form>`,
      html`<a class="button" href="/">Stay signed in</a>`
    ]
  }
}
