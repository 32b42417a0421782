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
import { claimsPage } from './claims-page.ts'
import { type ClaimsReport } from './claims-report.ts'
import { chooserPage, type ProviderChoice } from './chooser-page.ts'
import { answerHeaders, createLayout, type Answer } from './layout.ts'
import { logoutConfirmationPage, signedInPage, signedOutPage, signingInPage } from './session-pages.ts'
import { type Site } from './site.ts'

export { type ClaimsBySource, type ClaimsHint, type ClaimsReport, claimsSources, type FoundClaim, type ReportedGrant, type ReportedGroup } from './claims-report.ts'
export { wantsHtml } from './wants-html.ts'
export { type Answer } from './layout.ts'
export { type LikelyCause } from './likely-cause.ts'
export { type Occasion } from './answer.ts'

export interface Pages {
  /** The answer to a request that ended in a problem. The only way from an error to something a stranger reads. */
  readonly answerTo: (problem: Problem, occasion: Occasion) => Answer
  /** Asks where to sign in, of several providers. */
  readonly chooser: (choice: ProviderChoice, requestId: string) => Answer
  /** What a provider says of the person who reads it. */
  readonly claims: (report: ClaimsReport, format: 'html' | 'json', requestId: string) => Answer
  /** Begins a sign-in where fragments are kept; goes on to `onward`, a path of our own, by itself. */
  readonly signingIn: (occasion: { readonly returnTo: string, readonly onward: string, readonly requestId: string }) => Answer
  /** Ends a sign-in where a redirect can't; goes on to `returnTo` by itself, with the fragment of that name. */
  readonly signedIn: (occasion: { readonly returnTo: string, readonly fragment?: string | undefined, readonly requestId: string }) => Answer
  /** Shown when the session has ended: here alone, or at the provider too, which has sent the person back. */
  readonly signedOut: (occasion: { readonly isEverywhere: boolean, readonly requestId: string }) => Answer
  /** Asks before a logout that another site caused; it goes on to `returnTo`, if that is given. */
  readonly confirmLogout: (occasion: { readonly returnTo?: string | undefined, readonly requestId: string }) => Answer
}

/** Prepares the pages of one site. */
export function createPages (site: Site): Pages {
  const layout = createLayout()
  return {
    answerTo: (problem, occasion) => answerTo(problem, occasion, site, layout),
    chooser: (choice, requestId) => layout(chooserPage(choice), requestId),
    claims: (report, format, requestId) => format === 'html'
      ? layout(claimsPage(report, site), requestId)
      : { status: 200, headers: { ...answerHeaders, 'content-type': 'application/json' }, body: JSON.stringify(report) },
    signingIn: ({ returnTo, onward, requestId }) => layout(signingInPage(returnTo, onward), requestId),
    signedIn: ({ returnTo, fragment, requestId }) => layout(signedInPage(returnTo, fragment), requestId),
    signedOut: ({ isEverywhere, requestId }) => layout(signedOutPage(site, isEverywhere), requestId),
    confirmLogout: ({ returnTo, requestId }) => layout(logoutConfirmationPage(site, returnTo), requestId)
  }
}
