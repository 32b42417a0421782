import { Problem } from '../errors.ts'
import { type Revocation } from '../sessions/index.ts'

/** What names a person or a session, in the words of the API → in those of `Revocation`. */
const names = { user: 'user', sub: 'sub', sid: 'sid', session: 'id' } as const

const maxLength = 255

/**
 * Which sessions an administrator wants to end: one of `user`, `sub`, `sid` and `session`. A `sub` or `sid` is that of
 * `provider`, which may be left out where there is one provider alone.
 *
 * @throws {Problem} `request_invalid`, with what was expected
 */
export function revocationWish (body: unknown, providers: readonly string[]): Revocation {
  const wish = recordOf(body)
  const unknown = Object.keys(wish).find((key) => !Object.hasOwn(names, key) && key !== 'provider')
  if (unknown !== undefined) throw expected(`no member ${JSON.stringify(unknown.slice(0, 100))}`)
  const [given, ...more] = Object.entries(names).filter(([name]) => wish[name] !== undefined)
  if (given === undefined || more.length > 0) throw expected('one of user, sub, sid and session')
  const [name, by] = given
  const value = wish[name]
  if (typeof value !== 'string' || value === '' || value.length > maxLength) throw expected(`${name} to be text of 1 to ${maxLength} characters`)
  if (by === 'sub' || by === 'sid') return { by, value, provider: providerOf(wish['provider'], providers) }
  if (wish['provider'] !== undefined) throw expected(`no provider beside ${name}`)
  return { by, value }
}

function recordOf (body: unknown): Readonly<Record<string, unknown>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw expected('a JSON object')
  return body as Record<string, unknown>
}

function providerOf (given: unknown, providers: readonly string[]): string {
  const wanted = given ?? (providers.length === 1 ? providers[0] : undefined)
  const provider = providers.find((id) => id === wanted)
  if (provider === undefined) throw expected(`provider to be one of ${providers.join(', ')}`)
  return provider
}

function expected (what: string): Problem {
  return new Problem('request_invalid', { detail: `Expected ${what}.` })
}
