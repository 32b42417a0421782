import { type FoundSession, type Sessions } from '../sessions/index.ts'

/** A response that carries a session's cookie belongs to one browser, whatever the application says of caching it. */
const keptFromSharedCaches = ['Cache-Control', 'private, no-cache="set-cookie"']

const nothing: readonly string[] = []

/** Header lines for the response that move the session's idle expiry, where that is due. */
export function keepSession (found: FoundSession, sessions: Sessions): readonly string[] | Promise<readonly string[]> {
  const touched = sessions.touch(found)
  return touched instanceof Promise ? touched.then(linesOf) : linesOf(touched)
}

function linesOf (setCookie: readonly string[] | undefined): readonly string[] {
  if (setCookie === undefined) return nothing
  return [...keptFromSharedCaches, ...setCookie.flatMap((line) => ['Set-Cookie', line])]
}
