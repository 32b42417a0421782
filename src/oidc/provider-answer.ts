import { type IDToken } from 'oauth4webapi'
import { allClaimsOf, type Claims } from '../mapping/index.ts'
import { type Tokens } from '../sessions/index.ts'

/** What the provider says of somebody, after every check. */
export interface ProviderAnswer {
  /** Merged: what is decided on. */
  readonly claims: Claims
  /** As sent, for passing on. */
  readonly allClaims: Claims
  readonly acr: string | undefined
  readonly amr: readonly string[] | undefined
}

/** Who the provider says has signed in. */
export interface SignInAnswer extends ProviderAnswer {
  /** What there is to decide on without the id_token. */
  readonly userinfoClaims: Claims
  /** As each came; userinfo holds nothing where it was not asked. */
  readonly sources: { readonly idToken: Claims, readonly userinfo: Claims }
  /** Absent where the provider does not say: then what was asked for is granted (RFC 6749 section 5.1). */
  readonly grantedScopes: readonly string[] | undefined
  readonly tokens: Tokens
  /** Seconds since the epoch. */
  readonly authTime: number | undefined
  readonly providerSessionId: string | undefined
}

/** Userinfo wins where both have a claim, but it is not signed: it can't change whom the id_token is about. */
export function providerAnswer (idToken: Pick<IDToken, 'iss' | 'aud' | 'sub'> & Claims, userinfo: Claims): ProviderAnswer {
  const { iss, aud, sub, acr, amr } = idToken
  return {
    claims: { ...mergedClaims(idToken, userinfo), iss, aud, sub },
    allClaims: allClaimsOf(idToken, userinfo),
    acr: typeof acr === 'string' ? acr : undefined,
    amr: Array.isArray(amr) ? amr.filter((method) => typeof method === 'string') : undefined
  }
}

/** A verification counts for the address that it came with: for another one, from the other source, nobody has said so. */
function mergedClaims (idToken: Claims, userinfo: Claims): Claims {
  const { email_verified: verified, ...claims } = { ...idToken, ...userinfo }
  const isVouchedFor = [idToken, userinfo].some((source) => source['email'] === claims['email'] && source['email_verified'] === verified)
  return isVouchedFor && verified !== undefined ? { ...claims, email_verified: verified } : claims
}

export function signInAnswer (idToken: IDToken, userinfo: Claims, tokens: Tokens, scope: string | undefined): SignInAnswer {
  const { iss, aud, sub, sid, nonce, auth_time: authTime } = idToken
  return {
    ...providerAnswer(idToken, userinfo),
    userinfoClaims: { ...userinfo, iss, aud, sub },
    sources: { idToken, userinfo },
    grantedScopes: scope?.split(' ').filter((name) => name !== ''),
    tokens: { ...tokens, signedFor: { issuer: iss, audience: aud, nonce, isAllInUserinfo: false } },
    authTime,
    providerSessionId: typeof sid === 'string' ? sid : undefined
  }
}

/**
 * With the claims that a directory completes it by. They are decided on like the others, but not passed on as sent, and
 * they are no part of userinfo: a refresh that brings userinfo alone does not bring them.
 */
export function withGroups<Answer extends ProviderAnswer> (answer: Answer, found: Claims): Answer {
  return { ...answer, claims: { ...answer.claims, ...found } }
}
