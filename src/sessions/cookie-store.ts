import { LRUCache } from 'lru-cache'
import { within } from '../cache-bounds.ts'
import { type Seal } from './sealing.ts'
import { type Session } from './session.ts'
import { type SessionStore } from './store.ts'

const maxCachedSessions = 50_000
const maxCachedCharacters = 32 * 1024 * 1024

/**
 * The ticket is the session, sealed: nothing is kept on the server, any replica with the secret can read it.
 * Unsealing is paid once per ticket; the cache is bounded by number and by size, since tickets come from outside.
 */
export function createCookieStore (seal: Seal): SessionStore {
  const unsealed = new LRUCache<string, { readonly ticket: string, readonly session: Session }>(within(maxCachedSessions, maxCachedCharacters, ({ ticket }) => ticket.length))
  let doubts = 0
  return {
    holdsSessions: false,
    load (ticket) {
      const key = seal.nonceOf(ticket)
      const known = unsealed.get(key)
      if (known?.ticket === ticket) return known.session
      // What opens was sealed here, by this version's `save` or an earlier one's with the same shape.
      const session = seal.open(ticket) as Session | undefined
      if (session !== undefined) unsealed.set(key, { ticket, session })
      return session
    },
    save: (session) => seal.seal(session),
    replace: (_ticket, _before, after) => seal.seal(after),
    remove () {},
    doubt () {
      unsealed.clear()
      doubts++
    },
    doubts: () => doubts
  }
}
