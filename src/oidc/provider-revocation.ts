import * as oauth from 'oauth4webapi'
import { type Logger } from '../observability/index.ts'
import { type Tokens } from '../sessions/index.ts'
import { clientAuthentication } from './provider-client.ts'
import { type ProviderServer } from './provider-introspection.ts'
import { type ProviderSettings } from './provider-settings.ts'
import { type TokenParts } from './provider-tokens.ts'

/** Makes the tokens of a session that has ended worthless at the provider, as far as it has a place for that. Never rejects. */
export type RevokeTokens = (tokens: Tokens | undefined) => Promise<void>

export interface RevocationParts extends Pick<TokenParts, 'client' | 'options'> {
  readonly getServer: () => Promise<ProviderServer>
  readonly logger: Logger
}

/** A person waits for it. */
const patienceMilliseconds = 2_000

/** Requests to the revocation endpoint (RFC 7009 section 2.1), one a token: what becomes of one says nothing of the other. */
export function createTokenRevocation (settings: ProviderSettings, { client, options, getServer, logger }: RevocationParts): RevokeTokens {
  async function revoke (server: ProviderServer, token: string, kind: string, signal: AbortSignal): Promise<void> {
    try {
      const response = await oauth.revocationRequest(server, client, clientAuthentication(server, settings), token, { ...options, signal, additionalParameters: { token_type_hint: kind } })
      await oauth.processRevocationResponse(response).catch(unlessUnsupported)
    } catch (err) {
      complain(err, kind)
    }
  }

  function complain (err: unknown, kind?: string): void {
    logger.warn({ event: 'provider.revocation_failed', provider: settings.id, token: kind, err }, 'a token of a session that has ended could not be revoked')
  }

  return async ({ refreshToken, accessToken } = {}) => {
    const held = Object.entries({ refresh_token: refreshToken, access_token: accessToken }).filter((entry): entry is [string, string] => entry[1] !== undefined)
    if (!settings.logout.revokeTokens || held.length === 0) return
    const server = await getServer().catch(complain)
    if (server?.revocation_endpoint === undefined) return
    const signal = AbortSignal.timeout(patienceMilliseconds)
    await Promise.all(held.map(([kind, token]) => revoke(server, token, kind, signal)))
  }
}

/** Some providers can't take a JWT back, which is nobody's fault (section 2.2.1). */
function unlessUnsupported (error: unknown): void {
  if (error instanceof oauth.ResponseBodyError && error.error === 'unsupported_token_type') return
  throw error
}
