import { type Person, type Problem, type ProblemCode } from '../errors.ts'
import { buttons, type Button } from './buttons.ts'
import { type Drawing } from './drawings.ts'
import { html, type Html } from './html.ts'
import { type PageContent } from './layout.ts'
import { likelyCauseBox } from './likely-cause.ts'
import { missingCookie, refusal, ruleIn, termsIn } from './reasons.ts'
import { loginUrlOf, type Links, type Site } from './site.ts'

/** One way on from a page. */
type Offer = (links: Links, site: Site) => Button

const start: Offer = () => ({ text: 'Back to the start', href: '/' })
/** Under this host there is nothing to go back to. */
const publicStart: Offer = (_links, { publicUrl }) => ({ text: 'Open this site', href: `${publicUrl}/` })
const retry: Offer = ({ retryUrl }) => ({ text: 'Try again', href: retryUrl })
const goOn: Offer = ({ retryUrl }) => ({ text: 'Go to the page', href: retryUrl })
const signIn: Offer = (links, site) => ({ text: site.providerLabel, href: loginUrlOf(links, site) })
const signInAgain: Offer = (links, site) => ({ text: 'Sign in again', href: loginUrlOf(links, site) })
/** Whoever had signed in before the form was lost need not do so again. */
const signInAfterLoss: Offer = ({ loginUrl }) => ({ text: 'Sign in again', href: loginUrl })
const switchAccount: Offer = ({ switchAccountUrl }) => ({ text: 'Use another account', href: switchAccountUrl })
/** The address may have been that of the callback, which works only once: a new sign-in goes before the same request. */
const retrySignIn: Offer = ({ loginUrl, retryUrl }, site) => ({ text: 'Try again', href: loginUrlOf({ loginUrl: loginUrl ?? retryUrl }, site) })

/** Every problem has a way on: nobody is left at a page without a button. */
const faces: Readonly<Record<ProblemCode, readonly [Drawing, ...Offer[]]>> = {
  target_invalid: ['missing', start],
  return_to_invalid: ['missing', start],
  provider_unknown: ['missing', signInAgain, start],
  request_invalid: ['missing', start],
  logout_token_invalid: ['missing', start],
  login_cookie_missing: ['closed', signInAgain],
  sign_in_required: ['closed', signIn],
  step_up_required: ['closed', signInAgain, start],
  token_invalid: ['closed', start],
  access_denied: ['closed', switchAccount, start],
  acr_not_met: ['closed', signInAgain, switchAccount, start],
  origin_refused: ['closed', start],
  peer_untrusted: ['closed', start],
  sign_in_refused: ['closed', switchAccount, signInAgain],
  provider_refused: ['closed', signInAgain],
  not_found: ['missing', start],
  method_not_allowed: ['missing', start],
  request_timeout: ['missing', retry, start],
  form_not_sent: ['missing', goOn, signInAfterLoss, start],
  body_too_large: ['missing', start],
  target_too_long: ['missing', start],
  media_type_unsupported: ['missing', start],
  host_unknown: ['missing', publicStart],
  headers_too_large: ['missing', start],
  internal: ['missing', retry, start],
  session_too_large: ['closed', signInAgain],
  groups_overage_unresolved: ['closed', signInAgain],
  provider_failed: ['closed', signInAgain],
  upstream_failed: ['missing', retry, start],
  session_store_unavailable: ['missing', retry, start],
  sign_in_unavailable: ['closed', retrySignIn],
  logout_unavailable: ['missing', retry, start],
  token_unverifiable: ['closed', retry, start],
  upstream_timeout: ['missing', retry, start]
}

/** The page for a problem: its public words, what more there is to say, and the ways on. */
export function problemPage (problem: Problem, occasion: Links & { readonly person?: Person | undefined }, site: Site): PageContent {
  const [drawing, ...offers] = faces[problem.code]
  return {
    status: problem.status,
    heading: problem.title,
    drawing,
    body: html`<p class="lead">${problem.detail}</p>${more(problem, occasion.person, site)}`,
    actions: buttons(offers.map((offer) => offer(occasion, site)), site.publicUrl)
  }
}

function more (problem: Problem, person: Person | undefined, site: Site): Html | undefined {
  if (problem.code === 'access_denied') return refusal(ruleIn(problem.members), person, 'Signed in as', site)
  if (problem.code === 'sign_in_refused') return refusal(termsIn(problem.members), person, 'Your account', site)
  if (problem.code === 'login_cookie_missing') return missingCookie(problem.members, site)
  return likelyCauseBox(problem.members, site)
}
