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

/** Requests to the revocation endpoint (RFC 7009 section 2.1), the refresh token's first: with it others go too. */
export function createTokenRevocation (settings: ProviderSettings, { client, options, getServer, logger }: RevocationParts): RevokeTokens {
  async function revoke (server: ProviderServer, token: string, kind: string, signal: AbortSignal): Promise<void> {
    const response = await oauth.revocationRequest(server, client, clientAuthentication(server, settings), token, { ...options, signal, additionalParameters: { token_type_hint: kind } })
    await oauth.processRevocationResponse(response).catch(unlessUnsupported)
  }

  return async (tokens = {}) => {
    const held = Object.entries({ refresh_token: tokens.refreshToken, access_token: tokens.accessToken })
    if (!settings.logout.revokeTokens || held.every(([, token]) => token === undefined)) return
    const signal = AbortSignal.timeout(patienceMilliseconds)
    try {
      const server = await getServer()
      if (server.revocation_endpoint === undefined) return
      for (const [kind, token] of held) if (token !== undefined) await revoke(server, token, kind, signal)
    } catch (err) {
      logger.warn({ event: 'provider.revocation_failed', provider: settings.id, err }, 'tokens could not be revoked at a sign-out')
    }
  }
}

/** Some providers can't take a JWT back, which is nobody's fault (section 2.2.1). */
function unlessUnsupported (error: unknown): void {
  if (error instanceof oauth.ResponseBodyError && error.error === 'unsupported_token_type') return
  throw error
}
