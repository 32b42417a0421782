import { isDeepStrictEqual } from 'node:util'
import { type Identity, type Mapping } from '../mapping/index.ts'
import { type Tokens } from '../sessions/index.ts'
import { type SignInAnswer } from './provider-answer.ts'
import { type RedeemedTokens } from './provider-tokens.ts'

/** What a session keeps beside who it is: everything else that the provider sends is forgotten. */
export interface Keeps {
  readonly allClaims: boolean
  readonly accessToken: boolean
}

/** `expires_in` counts from the response (RFC 6749 section 5.1). */
export function tokensOf ({ accessToken, refreshToken, expiresInSeconds = 0 }: Pick<RedeemedTokens, 'accessToken' | 'refreshToken' | 'expiresInSeconds'>, now: number): Tokens {
  return {
    accessToken,
    ...expiresInSeconds > 0 && { accessTokenExpiresAt: Math.floor(now / 1000 + expiresInSeconds) },
    ...refreshToken !== undefined && { refreshToken }
  }
}

/** Without what nothing needs: a session has to fit into cookies. `undefined` where nothing is left. */
export function keptTokens ({ accessToken, accessTokenExpiresAt, refreshToken, idToken, signedFor }: Tokens, keeps: Keeps): Tokens | undefined {
  const forRefresh = refreshToken !== undefined && accessTokenExpiresAt !== undefined
  const kept = {
    ...keeps.accessToken && { accessToken },
    ...(keeps.accessToken || forRefresh) && accessTokenExpiresAt !== undefined && { accessTokenExpiresAt },
    ...forRefresh && { refreshToken, signedFor },
    ...idToken !== undefined && { idToken }
  }
  return Object.keys(kept).length === 0 ? undefined : kept
}

/** The tokens of a sign-in, with what a refresh will have to know of it. */
export function tokensToKeep ({ tokens, userinfoClaims }: SignInAnswer, identity: Identity, { keeps, mapping }: { readonly keeps: Keeps, readonly mapping: Mapping }): Tokens | undefined {
  const kept = keptTokens(tokens, keeps)
  if (kept?.signedFor === undefined) return kept
  const isAllInUserinfo = isDeepStrictEqual(mapping(userinfoClaims, identity.provider).identity, identity)
  return { ...kept, signedFor: { ...kept.signedFor, isAllInUserinfo } }
}
