import { type MappingResult } from '../mapping/index.ts'
import { claimsUrl } from '../own-routes.ts'
import { type Answer } from '../pages/index.ts'
import { type Session } from '../sessions/index.ts'
import { isReader } from './claims-readers.ts'
import { claimsReport } from './claims-report.ts'
import { type ResumedLogin } from './logins.ts'
import { type SignInParts } from './parts.ts'
import { type Provider } from './provider.ts'
import { type SignInAnswer } from './provider-answer.ts'

/** A sign-in that has been completed, with all that the provider said. */
export interface CompletedSignIn {
  readonly answer: SignInAnswer
  readonly result: MappingResult
  readonly session: Session
  readonly setCookie: readonly string[]
}

/**
 * The page that ends a sign-in which was for it, or `undefined`: it was for another page, or the person is another one now,
 * or has lost the role. Whoever is sent to the page then is refused there.
 */
export async function claimsAnswer (signedIn: CompletedSignIn, { returnTo }: ResumedLogin, provider: Provider, requestId: string, parts: SignInParts): Promise<Answer | undefined> {
  const { basePath, claimsPage, pages, now } = parts
  const format = (['html', 'json'] as const).find((format) => returnTo === claimsUrl(basePath, format))
  if (format === undefined || !isReader(signedIn.result.identity, claimsPage)) return undefined
  const sizes = { cookie: cookieSize(signedIn.setCookie), headers: await claimsPage.headerSizes(signedIn.session) }
  const report = claimsReport({ ...signedIn, provider, names: claimsPage.namesAt(provider.id), sizes, now: now() })
  return pages.claims(report, format, requestId)
}

/** What the browser will send of them: a cookie's name and value. */
function cookieSize (setCookie: readonly string[]): { bytes: number, count: number } {
  const pairs = setCookie.filter((line) => !/; Max-Age=0(;|$)/i.test(line)).map((line) => line.split(';', 1)[0] ?? '')
  return { bytes: pairs.reduce((sum, pair) => sum + Buffer.byteLength(pair), 0), count: pairs.length }
}
