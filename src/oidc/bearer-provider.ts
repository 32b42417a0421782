import { looksLikeJwt, readJwt } from './access-token-jwt.ts'
import { type Provider } from './provider.ts'
import { type Providers } from './providers.ts'
import { TokenRejected } from './token-rejected.ts'

/**
 * The provider that has to judge a token. Of several it is the one that a JWT names as its issuer. What is opaque names
 * nobody, and must not be shown to a provider that did not issue it: it goes to the one that is asked about all tokens.
 *
 * @throws {TokenRejected} for a token of which none of them can have been the issuer
 */
export function providerOf (token: string, providers: Providers): Provider {
  if (providers.only !== undefined) return providers.only
  if (!looksLikeJwt(token)) return opaqueFrom(providers)
  const { iss } = readJwt(token).claims
  const provider = typeof iss === 'string' ? providers.withIssuer(iss) : undefined
  if (provider === undefined) throw new TokenRejected('issuer', iss)
  return provider
}

function opaqueFrom ({ all }: Providers): Provider {
  const asked = all.find(({ isAskedAboutTokens }) => isAskedAboutTokens)
  if (asked === undefined) throw new TokenRejected('malformed')
  return asked
}
