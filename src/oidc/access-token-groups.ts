import { type Logger } from '../observability/index.ts'
import { type ReadAccessToken } from './access-token.ts'
import { type CompleteGroups } from './group-completion.ts'
import { isAboutPerson } from './groups-unresolved.ts'
import { LoginProblem } from './login-problem.ts'
import { TokenRejected } from './token-rejected.ts'

export interface TokenGroupParts {
  readonly completeGroups: CompleteGroups
  readonly logger: Logger
  /** Its id. */
  readonly provider: string
}

/**
 * Completes what a token of somebody else's says by the groups that did not fit into it. The token itself is for this
 * site, so the directory is never shown it.
 *
 * @throws {TokenRejected} where nothing but a change at the directory would help; {LoginProblem} where it can't be said
 */
export function withGroupsOfTokens (read: ReadAccessToken, { completeGroups, logger, provider }: TokenGroupParts): ReadAccessToken {
  return async (token) => {
    const accepted = await read(token)
    const { claims } = accepted
    try {
      return { ...accepted, claims: { ...claims, ...await completeGroups({ claims, signed: claims, accessToken: undefined }) } }
    } catch (error) {
      if (!(error instanceof LoginProblem) || !isAboutPerson(error)) throw error
      logger.warn({ event: 'token.groups_unresolved', provider, err: error.cause }, 'the groups of a bearer token can’t be found out')
      throw new TokenRejected('groups_overage_unresolved')
    }
  }
}
