import { type FastifyReply, type FastifyRequest } from 'fastify'
import { loginUrl } from '../own-routes.ts'
import { type SignInParts } from './parts.ts'
import { sendPage } from './send-page.ts'

/** Of the parameters of a sign-in, those that the choice of a provider must not lose. */
const keptParameters = ['switch_account', 'rule', 'form', 'fragment'] as const

/**
 * Answers with the page on which people choose a provider.
 *
 * @param email that leads to no provider, where one was given
 */
export function showChooser (request: FastifyRequest, reply: FastifyReply, parts: SignInParts, wish: { readonly parameters: URLSearchParams, readonly returnTo: string, readonly email: string | undefined }): FastifyReply {
  const { basePath, providers, pages } = parts
  const kept = keptParameters.map((name) => [name, wish.parameters.get(name)] as const).filter((entry): entry is [typeof entry[0], string] => entry[1] !== null)
  return sendPage(reply, pages.chooser({
    action: loginUrl(basePath),
    fields: { return_to: wish.returnTo, ...Object.fromEntries(kept) },
    providers: providers.all,
    takesEmail: providers.all.some(({ emailDomains }) => emailDomains.length > 0),
    unknownEmail: wish.email
  }, request.id))
}
