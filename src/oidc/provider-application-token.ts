import * as oauth from 'oauth4webapi'
import { type FreshToken } from './kept-token.ts'
import { clientAuthentication, type ClientCredentials } from './provider-client.ts'
import { type RequestOptions } from './provider-dpop.ts'
import { type ProviderServer } from './provider-introspection.ts'

export interface ApplicationTokenParts {
  readonly client: oauth.Client
  readonly options: RequestOptions
  readonly getServer: () => Promise<ProviderServer>
}

/** A token for Doorward itself (client credentials, RFC 6749 section 4.4). @throws what oauth4webapi throws */
export type FetchApplicationToken = (scope: string) => Promise<FreshToken>

/** The client shows the same as at a sign-in. No DPoP: the token is for an API that may not know it. */
export function createApplicationTokens (credentials: ClientCredentials, { client, options, getServer }: ApplicationTokenParts): FetchApplicationToken {
  return async (scope) => {
    const server = await getServer()
    const response = await oauth.clientCredentialsGrantRequest(server, client, clientAuthentication(server, credentials), { scope }, options)
    const { access_token: accessToken, expires_in: expiresInSeconds } = await oauth.processClientCredentialsResponse(server, client, response)
    return { accessToken, expiresInSeconds }
  }
}
