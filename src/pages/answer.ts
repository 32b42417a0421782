import { type Person, Problem, type ProblemCode } from '../errors.ts'
import { accountOf } from './account.ts'
import { answerHeaders, type Answer, type Layout } from './layout.ts'
import { problemPage } from './problem-page.ts'
import { loginUrlOf, type Links, type Site } from './site.ts'

/** What there is to say beside the problem itself. */
export interface Occasion extends Links {
  /** See `wantsHtml`. */
  readonly wants: 'html' | 'json'
  readonly requestId: string
  /** Who was refused, if that is known. */
  readonly person?: Person | undefined
}

/** Codes whose reasons are the policy's: `pages.detail: minimal` keeps them from people and programs. */
const refusals: ReadonlySet<ProblemCode> = new Set(['access_denied', 'sign_in_refused', 'acr_not_met'])

/** The ways on, which say nothing about the policy. */
const waysOn = ['login_url', 'switch_account_url']

/**
 * Turns a problem into an HTML page, or into a problem document (RFC 9457) with the extension members `code`,
 * `request_id`, where a sign-in is required `login_url`, where somebody is refused `account`, and those that the problem brings. The cause of the problem is never read here.
 */
export function answerTo (problem: Problem, occasion: Occasion, site: Site, layout: Layout): Answer {
  if (site.detail === 'minimal' && refusals.has(problem.code)) {
    const members = Object.fromEntries(Object.entries(problem.members).filter(([name]) => waysOn.includes(name)))
    const silent = new Problem(problem.code, { headers: problem.headers, members })
    return write(silent, { ...occasion, person: undefined }, site, layout)
  }
  return write(problem, occasion, site, layout)
}

function write (problem: Problem, occasion: Occasion, site: Site, layout: Layout): Answer {
  const { status, headers, body } = occasion.wants === 'html'
    ? layout(problemPage(problem, occasion, site), occasion.requestId)
    : problemDocument(problem, occasion, site)
  return { status, headers: { ...challenge(status), ...problem.headers, ...headers }, body }
}

/**
 * A 401 has to name a scheme (RFC 9110 section 11.6.1), and none is registered for a session in a cookie. Bearer is
 * the one that makes no browser ask for a password; without a credential it carries no error (RFC 6750 section 3.1).
 */
function challenge (status: number): Record<string, string> {
  return status === 401 ? { 'www-authenticate': 'Bearer realm="doorward"' } : {}
}

function problemDocument (problem: Problem, occasion: Occasion, site: Site): Answer {
  const { code, status, title, detail, members } = problem
  const { requestId, person } = occasion
  const document = {
    ...(code === 'sign_in_required' ? { login_url: loginUrlOf(occasion, site) } : {}),
    ...person !== undefined && refusals.has(code) ? { account: accountOf(person) } : {},
    ...members,
    // Last, because no member may speak in the place of these.
    type: `urn:doorward:problem:${code}`,
    title,
    status,
    detail,
    instance: `urn:doorward:request:${encodeURIComponent(requestId.toWellFormed())}`,
    code,
    request_id: requestId
  }
  return { status, headers: { ...answerHeaders, 'content-type': 'application/problem+json' }, body: JSON.stringify(document) }
}
