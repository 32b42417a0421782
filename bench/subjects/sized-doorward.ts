import { type People } from '../../demo/people.ts'
import { type SubjectParts } from './index.ts'
import { type Doorward, launchDoorward } from './doorward.ts'

/** How much a Doorward has to deal with. */
export interface Size {
  readonly groups: number
  readonly rules: number
  readonly upstreams: number
  readonly sessions: number
}

export const one: Size = { groups: 1, rules: 1, upstreams: 1, sessions: 1 }
export const many: Size = { groups: 200, rules: 1000, upstreams: 20, sessions: 10_000 }

/** Each divides the next, so that the person of a number may open the path of the same number. */
const roles = 20
const paths = 20

const numbered = (word: string, number: number): string => `${word}-${String(number).padStart(4, '0')}`
const range = (length: number): number[] => Array.from({ length }, (_, number) => number)

export const userName = (number: number): string => numbered('person', number)
export const personInAllGroups = 'person-in-all'

/** At the provider: one with one group, and one with all of them. Sessions of others are made from theirs. */
export const sizedPeople: People = {
  [userName(0)]: personOf(userName(0), [numbered('group', 0)]),
  [personInAllGroups]: personOf(personInAllGroups, range(many.groups).map((number) => numbered('group', number)))
}

function personOf (user: string, groups: readonly string[]): People[string] {
  return { name: 'Some Person', given_name: 'Some', family_name: 'Person', preferred_username: user, email: `${user}@example.com`, email_verified: true, groups }
}

/** What the person of a number is in, and the role that comes of it. */
export function membershipOf (number: number, { groups }: Size): { groups: string[], roles: string[] } {
  const group = number % groups
  return { groups: [numbered('group', group)], roles: [roleOf(group)] }
}

/** What the person of a number asks for: every rule and every upstream has the same share. */
export function pathOf (number: number, { rules }: Size): string {
  return `${areaOf(number % rules)}/report`
}

export async function startSizedDoorward (parts: SubjectParts, { id, title, size, user }: { id: string, title: string, size: Size, user: string }): Promise<Doorward> {
  return await launchDoorward(parts, {
    id,
    title,
    user,
    sections: {
      // Longer than any run: a session that is renewed in the middle would be renewed at every request from then on.
      session: { idleTimeout: '8h' },
      roles: { mapping: Object.fromEntries(range(size.groups).map((group) => [numbered('group', group), { roles: [roleOf(group)] }])) },
      access: { rules: range(size.rules).map((rule) => ({ path: `${areaOf(rule)}/**`, require: { roles: [roleOf(rule)] } })) },
      ...upstreams(size.upstreams, parts.upstream.origin)
    }
  })
}

function upstreams (count: number, url: string): Record<string, unknown> {
  if (count === 1) return { upstream: { url } }
  return { upstream: undefined, upstreams: range(count).map((number) => ({ path: applicationOf(number), url })) }
}

function roleOf (number: number): string {
  return numbered('role', number % roles)
}

function areaOf (rule: number): string {
  return `${applicationOf(rule)}/${numbered('area', rule)}`
}

function applicationOf (number: number): string {
  return `/${numbered('app', number % paths)}`
}
