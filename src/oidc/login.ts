import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { type FoundSession } from '../sessions/index.ts'
import { beginLogin } from './begin-login.ts'
import { type Choice, chooseProvider } from './choose-provider.ts'
import { endSession } from './end-session.ts'
import { errandOf, mayBringFragment, withoutFragment } from './errand.ts'
import { isFromAnotherSite, isNavigation } from './fetch-metadata.ts'
import { findSession } from './find-session.ts'
import { formOf } from './form.ts'
import { parametersOf } from './parameters.ts'
import { type SignInParts } from './parts.ts'
import { type Providers } from './providers.ts'
import { targetLinkPath } from './return-to.ts'
import { sendPage } from './send-page.ts'
import { showChooser } from './show-chooser.ts'
import { wantedPage } from './wanted-page.ts'

/**
 * `GET` and `POST /login`: starts a sign-in, as a page of this site, the chooser or a third party (OpenID Connect Core
 * section 4) asks for it.
 *
 * | parameter | |
 * | --- | --- |
 * | `return_to` | the page wanted |
 * | `rule`, `form` and `fragment` | what the sign-in is for, beside that page (errand.ts) |
 * | `switch_account=true` | ends the session, and lets people choose another account |
 * | `provider`, or `email` | where to sign in, of several providers |
 * | `iss` | the same, with `target_link_uri` and `login_hint` beside it |
 *
 * Others mean nothing here.
 */
export function mountLogin (app: FastifyInstance, parts: SignInParts): void {
  const { basePath, publicOrigin, providers, pages } = parts

  async function login (request: FastifyRequest, reply: FastifyReply, parameters: URLSearchParams): Promise<FastifyReply> {
    const returnTo = pageAfter(parameters, publicOrigin)
    if (!isNavigation(request.headers)) throw new Problem('sign_in_required', { members: { login_url: request.originalUrl } })
    if (mayBringFragment(request, parameters, parts)) return sendPage(reply, pages.signingIn({ returnTo, onward: withoutFragment(parameters, basePath), requestId: request.id }))
    const named = chooseProvider(parameters, providers)
    const found = await findSession(request, parts, { provider: named.isMade ? named.provider.id : undefined })
    const errand = errandOf(parameters, found, parts)
    const chooseAccount = parameters.get('switch_account') === 'true'
    // Whoever asks for another account has left this one, whether or not the sign-in is completed.
    if (chooseAccount && !isFromAnotherSite(request.headers, publicOrigin)) reply.header('set-cookie', await endSession(request, found, parts))
    const choice = !chooseAccount && errand.rule !== undefined ? whereSignedIn(named, found, providers) : named
    if (!choice.isMade) return showChooser(request, reply, parts, { parameters, returnTo, email: choice.email })
    const { provider, loginHint } = choice
    return await beginLogin(request, reply, parts, found, { returnTo, restarts: 0, errand, chooseAccount, provider, loginHint })
  }

  app.get(`${basePath}/login`, async (request, reply) => await login(request, reply, parametersOf(request)))
  app.post(`${basePath}/login`, async (request, reply) => await login(request, reply, await formOf(request, reply)))
}

/** @throws {Problem} `return_to_invalid`; a third party that names no page of ours gets the start page */
function pageAfter (parameters: URLSearchParams, publicOrigin: string): string {
  const wanted = wantedPage(parameters, publicOrigin)
  if (wanted === undefined && parameters.has('iss')) return targetLinkPath(parameters.get('target_link_uri') ?? '', publicOrigin) ?? '/'
  return wanted ?? '/'
}

/** Whoever is signed in and has to sign in better need not say again where. */
function whereSignedIn (choice: Choice, { session }: FoundSession, providers: Providers): Choice {
  const provider = session && providers.get(session.identity.provider)
  if (choice.isMade || choice.email !== undefined || provider === undefined) return choice
  return { isMade: true, provider, loginHint: undefined }
}
