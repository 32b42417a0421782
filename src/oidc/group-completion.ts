import { type Claims, outermostClaim } from '../mapping/index.ts'
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
    const lost = wanted.filter((name) => isElsewhere(name, person.claims, person.signed))
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

/**
 * The provider says that there is more to the claim than it sent (OpenID Connect Core section 5.6.2; Entra ID also says
 * `hasgroups`). Where it did send the claim, that is what it says of the person. The address that stands beside it in
 * `_claim_sources` is not looked at, here or anywhere.
 */
function isElsewhere (name: string, claims: Claims, signed: Claims): boolean {
  if (isSent(claims[name])) return false
  return [claims, signed].some((set) => isNamedIn(set['_claim_names'], name) || (name === groupsClaim && ![undefined, false].includes(set['hasgroups'] as boolean | undefined)))
}

/** Entra ID leaves the claim out; a list without anything in it says no more. */
function isSent (value: unknown): boolean {
  return !(value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0))
}

function isNamedIn (names: unknown, name: string): boolean {
  return typeof names === 'object' && names !== null && Object.hasOwn(names, name)
}
