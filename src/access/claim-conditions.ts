import { type Identity } from '../mapping/index.ts'
import { createPattern, isTooLong } from '../patterns/index.ts'
import { type Condition, every } from './condition.ts'
import { type ClaimDemand, type Conditions } from './decision.ts'

/** What has to be kept of the claims where a rule asks for the domain of an address. */
export const emailClaims = ['email', 'email_verified'] as const

/** Every claim. */
export function claimConditions (claims: NonNullable<Conditions['claims']>): Condition {
  const parts = Object.entries(claims).map(([name, demand]): Condition => {
    const { isMet, isUnmet } = compileDemand(demand)
    return {
      holds: ({ identity }) => textsIn(identity.claims, name).some(isMet),
      fails: ({ identity }) => textsIn(identity.claims, name).every(isUnmet),
      unmet: () => ({ claims: { [name]: demand } })
    }
  })
  return every(parts, (unmet) => ({ claims: Object.assign({}, ...unmet.map((part) => part.claims)) as typeof claims }))
}

/** A text that is too long for an expression neither meets it nor, under `not`, its opposite. */
function compileDemand (demand: ClaimDemand): { isMet (text: string): boolean, isUnmet (text: string): boolean } {
  if (!('matches' in demand)) return { isMet: (text) => demand.includes(text), isUnmet: (text) => !demand.includes(text) }
  const { isAllOf } = createPattern(demand.matches)
  return { isMet: isAllOf, isUnmet: (text) => !isTooLong(text) && !isAllOf(text) }
}

/** A claim as texts: a number or a flag as JSON writes it, of a list each entry; an object holds none. */
function textsIn (claims: Identity['claims'], name: string): string[] {
  // An own property only: a claim that nobody sent must not be found on a prototype.
  if (!Object.hasOwn(claims, name)) return []
  const claim = claims[name]
  const held: readonly unknown[] = Array.isArray(claim) ? claim : [claim]
  return held.filter(isScalar).map(String)
}

function isScalar (value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/**
 * The address that the provider vouches for: `email` where `email_verified` is true (OpenID Connect Core section 5.1).
 * At many providers people may enter what they like there; of an address that is not verified nothing is certain,
 * neither that its domain is one of these nor that it is none of them.
 */
export function emailDomainCondition (domains: readonly string[]): Condition {
  return {
    holds: ({ identity }) => domains.includes(verifiedDomain(identity.claims) ?? ''),
    fails ({ identity }) {
      const domain = verifiedDomain(identity.claims)
      return domain !== undefined && !domains.includes(domain)
    },
    unmet: () => ({ emailDomains: domains })
  }
}

/** One `@` and a plain host name: of anything else, such as `"a@b"@c` and `a@b.`, readers disagree about the domain. */
const plainAddress = /^[^\s@"<>,;:\\()[\]]+@((?:[a-z0-9-]+\.)*[a-z0-9-]+)$/i

function verifiedDomain (claims: Identity['claims']): string | undefined {
  const [address, verified] = emailClaims.map((name) => Object.hasOwn(claims, name) ? claims[name] : undefined)
  // Some providers send every flag as text.
  if (typeof address !== 'string' || address.length > 320 || !(verified === true || verified === 'true')) return undefined
  return plainAddress.exec(address)?.[1]?.toLowerCase()
}
