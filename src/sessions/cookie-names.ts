/** What Doorward's cookies are called. */
export interface CookieNames {
  readonly session: string
  readonly loginPrefix: string
  readonly rounds: string
  readonly form: string
}

/**
 * What a login and the count are called is not for the configuration to weaken: on https they always carry `__Host-`,
 * so that no sibling host can plant one, whatever the session's cookie is called and shared with.
 */
export function namesOf (session: string, isSecure: boolean): CookieNames {
  const bare = session.replace(/^__(Host|Secure)-/i, '')
  const own = isSecure ? `__Host-${bare}` : bare
  return { session, loginPrefix: `${own}-login-`, rounds: `${own}-rounds`, form: `${own}-form` }
}

/** Whether a cookie of this name is one of ours. */
export function isOwnName (cookie: string, { session, loginPrefix, rounds, form }: CookieNames): boolean {
  return cookie === session || isChunkName(cookie, session) || isLoginName(cookie, loginPrefix) || cookie === rounds || cookie === form
}

/** As `writeLogin` makes them; a name of any other form could not even be deleted. */
export function isLoginName (cookie: string, prefix: string): boolean {
  return cookie.startsWith(prefix) && /^[A-Za-z0-9_-]{1,32}$/.test(cookie.slice(prefix.length))
}

/** `name.0` to `name.3`; anything else, such as `name.99999999`, is a cookie of the application. */
export function isChunkName (cookie: string, name: string): boolean {
  return cookie.length === name.length + 2 && cookie.startsWith(name) && /^\.[0-3]$/.test(cookie.slice(name.length))
}
