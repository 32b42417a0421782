import { randomBytes } from 'node:crypto'
import { createCookies, createSeals, type Session } from '../src/sessions/index.ts'
import { type Doorward } from './subjects/doorward.ts'
import { type Ask, signIn } from './visitors.ts'

/** How a person differs from the one who signed in. */
export interface Person {
  readonly path: string
  readonly identity: Pick<Session['identity'], 'user'> & Partial<Session['identity']>
}

/**
 * The first signs in for real. The sessions of the others are made from that one: opened and sealed again with the
 * gateway's secret and its own code, each with an id and a person of its own. Thousands of sign-ins would take minutes.
 */
export async function sealPeople (doorward: Doorward, people: readonly Person[]): Promise<Ask[]> {
  const [first, ...others] = people
  if (first === undefined) return []
  const browser = await signIn(doorward, first.path)
  const cookie = browser.jar.header(new URL(first.path, doorward.origin)) ?? ''
  const reseal = await createResealing(doorward, cookie)
  const real = { path: first.path, user: first.identity.user, cookie }
  return [real, ...others.map(({ path, identity }) => ({ path, user: identity.user, cookie: reseal(identity) }))]
}

/** @returns the Cookie header for a person */
async function createResealing ({ origin, secret }: Doorward, cookie: string): Promise<(identity: Person['identity']) => string> {
  const { session: seal } = await createSeals(['session'], { secrets: [secret], application: origin })
  const cookies = createCookies({ name: 'doorward', sameSite: 'lax', secure: false })
  const { ticket = '' } = cookies.read(cookie)
  const session = seal.open(ticket) as Session | undefined
  if (session === undefined) throw new Error('the session that Doorward sealed can’t be opened: its form has changed')
  return (identity) => {
    const { user } = identity
    const own = { ...session.identity, sub: user, email: `${user}@example.com`, ...identity }
    const lines = cookies.writeTicket(seal.seal({ ...session, id: randomBytes(16).toString('base64url'), identity: own }), cookies.read(undefined))
    if (lines === undefined) throw new Error('a session does not fit into cookies')
    return lines.map((line) => line.split(';', 1)[0]).join('; ')
  }
}
