import * as oauth from 'oauth4webapi'
import { type Claims } from '../mapping/index.ts'
import { clientAuthentication, type ClientCredentials } from './provider-client.ts'
import { type TokenParts } from './provider-tokens.ts'
import { describedSafely } from './provider-words.ts'

/** What discovery found of a provider. */
export type ProviderServer = oauth.AuthorizationServer

/** What the provider says of a token (RFC 7662 section 2.2). */
export interface Introspection extends Claims {
  readonly active: boolean
}

/** Asks the provider about a token. @throws whatever kept it from answering, with a code */
export type Introspect = (server: ProviderServer, token: string) => Promise<Introspection>

/** The provider does not say, such as to a client whose secret is wrong. The message has its words, for the log. */
class IntrospectionRefused extends Error {
  override readonly name = 'IntrospectionRefused'
  readonly code = 'INTROSPECTION_REFUSED'
}

const maxWordsLength = 300

/** Requests to the introspection endpoint, with the client's own credentials (section 2.1). */
export function createIntrospection (credentials: ClientCredentials, { client, options, decrypt, verifySignature }: TokenParts): Introspect {
  const parameters = { token_type_hint: 'access_token' }
  return async (server, token) => {
    const response = await oauth.introspectionRequest(server, client, clientAuthentication(server, credentials), token, { ...options, additionalParameters: parameters })
    const answer = await oauth.processIntrospectionResponse(server, client, response, { [oauth.jweDecrypt]: decrypt }).catch(withReason)
    // Not asked for, but sent by some (RFC 9701): oauth4webapi leaves the signature to its user.
    if (response.headers.get('content-type')?.startsWith('application/token-introspection+jwt') === true) await verifySignature(server, response)
    return answer as oauth.IntrospectionResponse & Claims
  }
}

/** @throws what was thrown, with the provider's words where it has given any (section 2.3) */
function withReason (error: unknown): never {
  if (!(error instanceof oauth.ResponseBodyError)) throw error
  const words = [error.error, error.error_description].map(describedSafely).filter((text) => text !== undefined)
  throw new IntrospectionRefused(words.join(': ').slice(0, maxWordsLength), { cause: error })
}
