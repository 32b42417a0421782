import { type Claims, outermostClaim } from '../mapping/index.ts'
import { isBlank } from './blank-claim.ts'
import { isElsewhere } from './claim-elsewhere.ts'
import { type GroupSource, type PersonAsked } from './group-source.ts'
import { groupsUnresolved } from './groups-unresolved.ts'
import { LoginProblem } from './login-problem.ts'

/** Where a source's groups stand among the claims: where Entra ID itself would have put them. */
const groupsClaim = 'groups'

export interface CompletionSettings {
  readonly source: GroupSource | undefined
  /** The claims that hold groups or roles, by name or JSON pointer, as the mapping reads them. */
  readonly groupClaims: readonly string[]
}

export interface Incomplete extends PersonAsked {
  /** What will be decided on. */
  readonly claims: Claims
}

/**
 * The claims that the provider keeps elsewhere, or nothing where there are none.
 *
 * @throws {LoginProblem} `groups_overage_unresolved` where they can't be had
 */
export type CompleteGroups = (person: Incomplete) => Promise<Claims>

/** Makes groups that did not fit into a token claims like any other, before anything is decided on them. */
export function createGroupCompletion ({ source, groupClaims }: CompletionSettings): CompleteGroups {
  const wanted = groupClaims.map(outermostClaim)

  async function ask ({ signed, accessToken }: PersonAsked): Promise<Claims> {
    if (source === undefined) throw groupsUnresolved('groups_elsewhere', 'The person is in more groups than the provider puts into a token')
    return { [groupsClaim]: await source.groupsOf({ signed, accessToken }) }
  }

  return async (person) => {
    const lost = wanted.filter((name) => isLost(name, person))
    if (lost.length === 0 && source?.isAlwaysAsked !== true) return {}
    try {
      const other = lost.find((name) => name !== groupsClaim)
      if (other !== undefined) throw groupsUnresolved('groups_elsewhere', `The provider keeps the claim ${JSON.stringify(other)} elsewhere, and no directory has it`)
      return await ask(person)
    } catch (error) {
      throw error instanceof LoginProblem ? error.about({ sub: String(person.signed['sub']) }) : error
    }
  }
}

/** Entra ID leaves a claim out, or empty, of which it has more. What it does send is what it says of the person. */
function isLost (name: string, { claims, signed }: Incomplete): boolean {
  return isBlank(claims[name]) && (isElsewhere(name, claims) || isElsewhere(name, signed))
}
