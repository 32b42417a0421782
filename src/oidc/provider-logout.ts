import { type Logger } from '../observability/index.ts'
import { type Session } from '../sessions/index.ts'
import { createLogoutTokens, type LogoutToken, type LogoutTokenParts, type LogoutTokens } from './logout-token.ts'
import { endSessionUrl } from './provider-end-session.ts'
import { createTokenRevocation, type RevocationParts, type RevokeTokens } from './provider-revocation.ts'
import { type ProviderSettings } from './provider-settings.ts'

/** How the provider hears that a session has ended, and tells that one has. */
export interface ProviderLogout {
  /** Where a browser is sent to sign out at the provider too; `undefined` where there is no such place. Never rejects. */
  endSessionUrl (session: Session, state: string): Promise<URL | undefined>
  /** Whether it is asked to send the browser back. */
  readonly sendsBack: boolean
  readonly revokeTokens: RevokeTokens
  /** @throws {TokenRejected}; anything else means that the token could not be checked */
  readToken (token: string): Promise<LogoutToken>
  readonly learnFrom: LogoutTokens['learnFrom']
  /** Whether this is the provider's name for itself. @throws {LoginProblem} while the provider has never been reached */
  isIssuer (name: string): Promise<boolean>
  /** The origins of the provider's own pages. @throws {LoginProblem} */
  pageOrigins (): Promise<readonly string[]>
}

export interface ProviderLogoutParts extends RevocationParts, LogoutTokenParts {
  readonly logger: Logger
}

export function createProviderLogout (settings: ProviderSettings, parts: ProviderLogoutParts): ProviderLogout {
  const { getServer, logger } = parts
  const tokens = createLogoutTokens(settings, parts)
  return {
    async endSessionUrl (session, state) {
      try {
        return endSessionUrl(await getServer(), settings, session, state)
      } catch (err) {
        logger.warn({ event: 'provider.end_session_unusable', provider: settings.id, err }, 'nobody can be sent to sign out at the provider')
        return undefined
      }
    },
    sendsBack: settings.logout.returnHere,
    revokeTokens: createTokenRevocation(settings, parts),
    readToken: tokens.read,
    learnFrom: tokens.learnFrom,
    async isIssuer (name) { return (await getServer()).issuer === name },
    async pageOrigins () {
      const { issuer, authorization_endpoint: authorization, end_session_endpoint: endSession } = await getServer()
      const origins = [issuer, authorization, endSession].map((address) => URL.parse(address ?? '')?.origin)
      return [...new Set(origins)].filter((origin) => origin !== undefined)
    }
  }
}
