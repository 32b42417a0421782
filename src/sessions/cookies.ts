import { type SerializeOptions, stringifySetCookie } from 'cookie'
import { type CookieNames, isChunkName, isLoginName, isOwnName, namesOf } from './cookie-names.ts'

/** Browsers drop a cookie whose name and value exceed 4096 octets without a word (RFC 6265bis section 5.6). */
const maxChunkLength = 4000
const maxChunks = 4
const chunkNumbers = [0, 1, 2, 3]

export interface CookieSettings {
  readonly name: string
  readonly sameSite: 'lax' | 'strict' | 'none'
  readonly domain?: string | undefined
  readonly secure: boolean
  /** Logins may end with a form that another site posts: it comes without the session. */
  readonly isPostedTo?: boolean
}

/** What the end of a login has to come with. */
export interface LoginCookieOptions {
  readonly maxAgeSeconds: number
  /** It ends with a form that another site posts. */
  readonly isPostedTo?: boolean
}

/** What a Cookie header holds for us, and what is left of it for the application. */
export interface RequestCookies {
  /** The ticket, put together from its chunks; `undefined` where there is none or more than one. */
  readonly ticket: string | undefined
  /** Logins in progress: name → value, in the order in which the browser sent them. */
  readonly logins: ReadonlyMap<string, string>
  /** How often this browser has just signed in, as `writeRounds` had it. */
  readonly rounds: string | undefined
  /** A form that waits on the server, as `writeForm` had it; `undefined` where there is more than one. */
  readonly form: string | undefined
  /** The Cookie header without ours; `undefined` where nothing is left. */
  readonly others: string | undefined
  /** Names of the session cookies that the browser sent, to be deleted by name. */
  readonly presented: readonly string[]
}

/** Reads and writes Doorward's cookies: the session's, in one piece or in chunks, one per login in progress, a count, and the name of a form. */
export interface Cookies {
  read (header: string | undefined): RequestCookies
  /** Set-Cookie lines that store the ticket and delete what an earlier one left behind; `undefined` if it is too large. */
  writeTicket (ticket: string, earlier: RequestCookies): string[] | undefined
  clearTicket (earlier: RequestCookies): string[]
  writeLogin (login: string, value: string, options: LoginCookieOptions): string
  clearLogin (login: string): string
  writeRounds (value: string, options: LoginCookieOptions): string
  writeForm (value: string, maxAgeSeconds: number): string
  /** Whether a Set-Cookie line of somebody else's sets a cookie of ours. */
  isOwn (setCookie: string): boolean
  /** Names as people see them in their browser's settings. */
  readonly sessionCookieName: string
  readonly formCookieName: string
  loginCookieName (login: string): string
}

const none: RequestCookies = { ticket: undefined, logins: new Map(), rounds: undefined, form: undefined, others: undefined, presented: [] }

export function createCookies (settings: CookieSettings): Cookies {
  const { name } = settings
  const names = namesOf(name, settings.secure)
  const base: SerializeOptions = { path: '/', httpOnly: true, secure: settings.secure }
  const sessionOptions: SerializeOptions = { ...base, sameSite: settings.sameSite, ...(settings.domain !== undefined && { domain: settings.domain }) }
  // The way back from the provider is a top-level navigation from another site: `strict` would withhold the cookie, and
  // `lax` does where it is a POST.
  const shortLived = ({ maxAgeSeconds: maxAge, isPostedTo = false }: LoginCookieOptions): SerializeOptions => ({ ...base, sameSite: isPostedTo ? 'none' : 'lax', maxAge })

  const write = (cookie: string, value: string, options: SerializeOptions) => stringifySetCookie(cookie, value, { ...options, encode: String })
  const erase = (cookie: string, options: SerializeOptions) => write(cookie, '', { ...options, maxAge: 0 })

  const isWithheld = settings.sameSite === 'strict' || settings.isPostedTo === true
  /** Where the browser keeps the session to itself when it comes from the provider, any part of one may be there. */
  const leftBehind = ({ presented }: RequestCookies): readonly string[] => isWithheld && presented.length === 0 ? [name, ...chunkNumbers.map((index) => `${name}.${index}`)] : presented

  return {
    read: (header) => header === undefined ? none : readCookies(header, names),
    writeTicket (ticket, earlier) {
      const chunks = chunksOf(ticket)
      if (chunks.length > maxChunks) return undefined
      const written = chunks.length === 1 ? [name] : chunks.map((_, index) => `${name}.${index}`)
      const stale = leftBehind(earlier).filter((cookie) => !written.includes(cookie))
      return [
        ...written.map((cookie, index) => write(cookie, chunks[index] ?? '', sessionOptions)),
        ...stale.map((cookie) => erase(cookie, sessionOptions))
      ]
    },
    clearTicket: (earlier) => [...new Set([name, ...earlier.presented])].map((cookie) => erase(cookie, sessionOptions)),
    writeLogin: (login, value, options) => write(names.loginPrefix + login, value, shortLived(options)),
    clearLogin: (login) => write(names.loginPrefix + login, '', shortLived({ maxAgeSeconds: 0 })),
    writeRounds: (value, options) => write(names.rounds, value, shortLived(options)),
    writeForm: (value, maxAgeSeconds) => write(names.form, value, shortLived({ maxAgeSeconds })),
    isOwn: (setCookie) => isOwnName(nameIn(setCookie), names),
    sessionCookieName: name,
    formCookieName: names.form,
    loginCookieName: (login) => names.loginPrefix + login
  }
}

function nameIn (setCookie: string): string {
  return withoutSpace(/^[^=;]*/.exec(setCookie)?.[0] ?? '')
}

function chunksOf (ticket: string): string[] {
  const chunks: string[] = []
  for (let start = 0; start < ticket.length; start += maxChunkLength) chunks.push(ticket.slice(start, start + maxChunkLength))
  return chunks
}

function readCookies (header: string, names: CookieNames): RequestCookies {
  const presented: string[] = []
  const pieces: string[] = []
  let logins: Map<string, string> | undefined
  const others: string[] = []
  let rounds: string | undefined
  const forms: string[] = []
  // Scanned in place, and nothing built for the usual case: this is done for every request.
  for (let start = 0, end: number; start <= header.length; start = end + 1) {
    end = endOfPair(header, start)
    const pair = withoutSpace(header, start, end)
    const equals = pair.indexOf('=')
    const cookie = equals < 0 ? pair : pair.slice(0, equals)
    const value = pair.slice(equals + 1)
    if (cookie === names.session || isChunkName(cookie, names.session)) {
      presented.push(cookie)
      pieces.push(value)
    } else if (isLoginName(cookie, names.loginPrefix)) {
      logins ??= new Map()
      logins.set(cookie.slice(names.loginPrefix.length), value)
    } else if (cookie === names.rounds) {
      rounds = value
    } else if (cookie === names.form) {
      forms.push(value)
    } else if (pair !== '') {
      others.push(pair)
    }
  }
  return {
    ticket: joinPieces(presented, pieces, names.session),
    logins: logins ?? none.logins,
    rounds,
    form: forms.length === 1 ? forms[0] : undefined,
    others: others.length === 0 ? undefined : others.join('; '),
    presented
  }
}

function endOfPair (header: string, start: number): number {
  const end = header.indexOf(';', start)
  return end < 0 ? header.length : end
}

/**
 * Spaces and tabs alone (RFC 6265 section 4.2.1). `trim` would take a no-break space off too: a sibling host can set
 * `\u00A0__Host-…`, to which browsers grant none of the protection of `__Host-`, and it would be read as ours.
 */
function withoutSpace (text: string, from = 0, to = text.length): string {
  let start = from
  let end = to
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isSpace (code: number): boolean {
  return code === 0x20 || code === 0x09
}

/** The seal covers the whole: a missing or foreign chunk makes it unreadable, never half read. */
function joinPieces (presented: readonly string[], pieces: readonly string[], name: string): string | undefined {
  if (presented.length === 0) return undefined
  if (presented.length === 1 && presented[0] === name) return pieces[0]
  // Never written both, nor two of one name: one of them was planted from a sibling host or path. None is believed.
  if (presented.includes(name) || presented.some((cookie, index) => presented.indexOf(cookie) !== index)) return undefined
  let joined = ''
  for (const index of chunkNumbers) joined += pieces[presented.indexOf(`${name}.${index}`)] ?? ''
  return joined === '' ? undefined : joined
}
