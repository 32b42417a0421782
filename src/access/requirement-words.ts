import { type ClaimDemand, type Conditions } from './decision.ts'
import { membershipEntries } from './granted-conditions.ts'
import { isPlaceholder } from './placeholders.ts'

/** What is not met, in words that complete “This page …”: `needs the role admin and (the group a or the group b)`. */
export function wordsFor (unmet: Conditions): string {
  return `needs ${partsOf(unmet, false).join(' and ')}`
}

/** A noun phrase for each kind; negated, for its opposite. */
function partsOf (unmet: Conditions, isNot: boolean): string[] {
  const { roles, groups, organizations, projects, attributes = {}, providers, emailDomains, claims = {}, all = [], any, not } = unmet
  return [
    ...held(roles, 'role', isNot),
    ...held(groups, 'group', isNot),
    ...memberships(organizations, 'organization', isNot),
    ...memberships(projects, 'project', isNot),
    ...Object.entries(attributes).map(([name, demand]) => attributeWords(name, demand, isNot)),
    ...providers === undefined ? [] : [providerWords(providers, isNot)],
    ...emailDomains === undefined ? [] : [emailWords(emailDomains, isNot)],
    ...Object.entries(claims).map(([name, demand]) => claimWords(name, demand, isNot)),
    ...all.map((each) => grouped(partsOf(each, isNot), isNot ? 'or' : 'and')),
    ...any === undefined ? [] : [grouped(any.map((each) => grouped(partsOf(each, isNot), isNot ? 'or' : 'and')), isNot ? 'and' : 'or')],
    ...not === undefined ? [] : [grouped(partsOf(not, !isNot), isNot ? 'and' : 'or')]
  ]
}

/** In parentheses, for `and` and `or` may stand around it. */
function grouped (parts: readonly string[], word: 'and' | 'or'): string {
  return parts.length === 1 ? parts.join('') : `(${parts.join(` ${word} `)})`
}

function held (names: readonly string[] | undefined, kind: string, isNot: boolean): string[] {
  if (names === undefined) return []
  const listed = oneOf(names, kind)
  return [isNot ? `an account without ${listed.replace(/^one of/, 'any of')}` : listed]
}

function oneOf (names: readonly string[], kind: string): string {
  return names.length === 1 ? `the ${kind} ${names.join('')}` : `one of the ${kind}s ${names.join(', ')}`
}

function memberships (demanded: Conditions['organizations'], kind: string, isNot: boolean): string[] {
  if (demanded === undefined) return []
  const entries = membershipEntries(demanded)
  const names = entries.map(([name]) => name)
  const isPlain = entries.every(([, roles]) => roles.length === 0) && !names.some(isPlaceholder)
  const words = isPlain ? oneOf(names, kind) : entries.map(([name, roles]) => `${roles.length === 0 ? '' : `${oneOf(roles, 'role')} in `}${placeWords(name, kind)}`).join(' or ')
  if (isNot) return [`an account without ${words.replace(/^one of/, 'any of')}`]
  return [entries.length === 1 || isPlain ? words : `(${words})`]
}

/** What a client wrote into the address is not repeated: the page would say whatever somebody else’s link wants it to. */
function placeWords (name: string, kind: string): string {
  return isPlaceholder(name) ? `the ${kind} that the address names` : `the ${kind} ${name}`
}

function attributeWords (name: string, demand: true | readonly string[], isNot: boolean): string {
  if (demand === true) return isNot ? `an account without the attribute ${name}` : `the attribute ${name}`
  return `the attribute ${name} ${isNot ? 'not ' : ''}to hold ${anyOf(demand)}`
}

function providerWords (providers: readonly string[], isNot: boolean): string {
  if (isNot) return `a sign-in elsewhere than at ${providers.join(', ')}`
  return providers.length === 1 ? `a sign-in at the provider ${providers.join('')}` : `a sign-in at one of the providers ${providers.join(', ')}`
}

function emailWords (domains: readonly string[], isNot: boolean): string {
  return `a verified e-mail address ${isNot ? 'that is not ' : ''}at ${anyOf(domains)}`
}

function claimWords (name: string, demand: ClaimDemand, isNot: boolean): string {
  const not = isNot ? 'not ' : ''
  return 'matches' in demand ? `the claim ${name} ${not}to match ${demand.matches}` : `the claim ${name} ${not}to be ${anyOf(demand)}`
}

function anyOf (values: readonly string[]): string {
  return values.length === 1 ? values.join('') : `one of ${values.join(', ')}`
}
