import { isDeepStrictEqual } from 'node:util'
import { type IDToken } from 'oauth4webapi'
import { type Claims } from '../mapping/index.ts'
import { type Session, type Tokens } from '../sessions/index.ts'
import { type CompleteGroups } from './group-completion.ts'
import { isAboutPerson } from './groups-unresolved.ts'
import { type ClaimSources } from './log-claims.ts'
import { LoginProblem } from './login-problem.ts'
import { type ProviderAnswer, providerAnswer, withGroups } from './provider-answer.ts'
import { type ProviderServer } from './provider-introspection.ts'
import { tokensOf } from './received-tokens.ts'
import { type RefreshedTokens, type TokenRequests } from './provider-tokens.ts'

export interface ProviderRefreshParts {
  readonly getServer: () => Promise<ProviderServer>
  readonly requests: TokenRequests
  /** Told of what each source says. */
  readonly onClaims: (sources: ClaimSources) => void
  readonly completeGroups: CompleteGroups
  /** Told of every id_token that was verified. */
  readonly learnFrom: (idToken: string) => void
  readonly now: () => number
}

export interface RefreshAnswer {
  readonly tokens: Tokens
  /** Absent where the provider said nothing of the person. */
  readonly answer?: ProviderAnswer
  /** What is wrong although it gave tokens (see `isRejection`): the ones before may be spent, so it is about these. */
  readonly failure?: LoginProblem
}

/** Gets new tokens for a session, and news of the person. @throws {LoginProblem} where there are none: see `isRejection` */
export type ProviderRefresh = (session: Session) => Promise<RefreshAnswer>

/** RFC 6749 section 6, OpenID Connect Core section 12. */
export function createProviderRefresh ({ getServer, requests, completeGroups, learnFrom, onClaims, now }: ProviderRefreshParts): ProviderRefresh {
  /** What is signed comes first: an answer about somebody else must not get as far as userinfo. */
  async function readAnswer (server: ProviderServer, redeemed: RefreshedTokens, session: Session): Promise<ProviderAnswer | undefined> {
    const { idToken, idTokenText = '', accessToken } = redeemed
    const { identity: { sub }, tokens: { signedFor } = {} } = session
    if (idToken !== undefined) {
      requireSameSignIn(idToken, session)
      await redeemed.verify()
      learnFrom(idTokenText)
      return await complete(idToken, await requests.userinfo(server, accessToken, sub), accessToken)
    }
    if (signedFor?.isAllInUserinfo !== true) return undefined
    const signed = { iss: signedFor.issuer, aud: signedFor.audience as string | string[], sub }
    return await complete(signed, await requests.userinfo(server, accessToken, sub), accessToken)
  }

  async function complete (signed: Parameters<typeof providerAnswer>[0], userinfo: Claims, accessToken: string): Promise<ProviderAnswer> {
    const answer = providerAnswer(signed, userinfo)
    onClaims({ id_token: signed, userinfo, merged: answer.claims })
    return withGroups(answer, await completeGroups({ claims: answer.claims, signed, accessToken }))
  }

  return async (session) => {
    const { refreshToken = '', signedFor, idToken } = session.tokens ?? {}
    const server = await getServer()
    const redeemed = await requests.refresh(server, refreshToken)
    // A provider that sends no new refresh token leaves the one before in force.
    const tokens = { refreshToken, signedFor, idToken, ...tokensOf(redeemed, now()) }
    try {
      const answer = await readAnswer(server, redeemed, session)
      return { tokens, ...answer !== undefined && { answer } }
    } catch (error) {
      if (!(error instanceof LoginProblem)) throw error
      return { tokens, failure: error }
    }
  }
}

const rejections: readonly string[] = ['id_token_invalid', 'issuer_mismatch', 'nonce_mismatch', 'userinfo_invalid']

/**
 * Whether a failed refresh says that the sign-in holds no more: the provider takes the refresh token back, speaks of
 * somebody else, or has groups for the person that a sign-in would fail on. That it is away, or refuses Doorward itself,
 * is not the person's doing.
 */
export function isRejection (problem: LoginProblem): boolean {
  const { reason, metadata } = problem
  return rejections.includes(reason) || metadata['error'] === 'invalid_grant' || isAboutPerson(problem)
}

/** OpenID Connect Core section 12.2; that we are among the audiences, and the rest of section 3.1.3.7, was checked before. */
function requireSameSignIn (idToken: IDToken, { identity, authTime, tokens }: Session): void {
  const { signedFor } = tokens ?? {}
  const { iss, sub, aud, nonce, auth_time: authenticated } = idToken
  if (sub !== identity.sub) throw differs('sub', sub, identity.sub)
  if (iss !== signedFor?.issuer) throw differs('iss', iss, signedFor?.issuer)
  if (!isDeepStrictEqual(aud, signedFor.audience)) throw differs('aud', aud, signedFor.audience)
  if (authenticated !== undefined && authTime !== undefined && authenticated !== authTime) throw differs('auth_time', authenticated, authTime)
  if (nonce !== undefined && nonce !== signedFor.nonce) throw new LoginProblem('nonce_mismatch')
}

function differs (claim: string, found: unknown, expected: unknown): LoginProblem {
  return new LoginProblem(claim === 'iss' ? 'issuer_mismatch' : 'id_token_invalid', { metadata: { claim, found, expected } })
}
