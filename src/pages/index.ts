/**
 * What people and programs see when Doorward answers in place of the application: the HTML pages, and the problem
 * documents of RFC 9457.
 *
 * Owns the words around a problem, the markup, the style sheet, the headers of a page, and the one function that
 * turns a `Problem` into an answer. All of it is pure: data goes in, `{ status, headers, body }` comes out. It does
 * not own the list of problems (errors.ts), nor who decides that something is one, nor writing it to the wire.
 */
import { type Problem } from '../errors.ts'
import { answerTo, type Occasion } from './answer.ts'
import { createLayout, type Answer } from './layout.ts'
import { logoutConfirmationPage, signedInPage, signedOutPage, signingInPage } from './session-pages.ts'
import { type Site } from './site.ts'

export { wantsHtml } from './wants-html.ts'
export { type Answer } from './layout.ts'
export { type LikelyCause } from './likely-cause.ts'
export { type Occasion } from './answer.ts'

export interface Pages {
  /** The answer to a request that ended in a problem. The only way from an error to something a stranger reads. */
  readonly answerTo: (problem: Problem, occasion: Occasion) => Answer
  /** Begins a sign-in where fragments are kept; goes on to `onward`, a path of our own, by itself. */
  readonly signingIn: (occasion: { readonly returnTo: string, readonly onward: string, readonly requestId: string }) => Answer
  /** Ends a sign-in where a redirect can't; goes on to `returnTo` by itself, with the fragment of that name. */
  readonly signedIn: (occasion: { readonly returnTo: string, readonly fragment?: string | undefined, readonly requestId: string }) => Answer
  /** Shown when the session has ended and the provider sent the person back, or has no logout of its own. */
  readonly signedOut: (requestId: string) => Answer
  /** Asks before a logout that another site caused. */
  readonly confirmLogout: (requestId: string) => Answer
}

/** Prepares the pages of one site. */
export function createPages (site: Site): Pages {
  const layout = createLayout()
  return {
    answerTo: (problem, occasion) => answerTo(problem, occasion, site, layout),
    signingIn: ({ returnTo, onward, requestId }) => layout(signingInPage(returnTo, onward), requestId),
    signedIn: ({ returnTo, fragment, requestId }) => layout(signedInPage(returnTo, fragment), requestId),
    signedOut: (requestId) => layout(signedOutPage(site), requestId),
    confirmLogout: (requestId) => layout(logoutConfirmationPage(site), requestId)
  }
}
