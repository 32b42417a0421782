import { setTimeout as delay } from 'node:timers/promises'
import { errorCode } from './error-parts.ts'
import { createGate } from './gate.ts'
import { groupsUnresolved } from './groups-unresolved.ts'
import { LoginProblem } from './login-problem.ts'
import { type ProviderHttp } from './provider-http.ts'

/** A JSON object as it came: nothing in it is certain. */
export type Body = Readonly<Record<string, unknown>>

/** An answer that is not 200. */
export interface Refusal {
  readonly status: number
  /** Empty where it was not JSON. */
  readonly body: Body
}

export interface DirectoryParts {
  readonly fetch: ProviderHttp['fetch']
  readonly now: () => number
  /** Says what a refusal means. */
  readonly explain: (refusal: Refusal) => LoginProblem
  /** Beside 429 and 503. */
  readonly isThrottling?: (refusal: Refusal) => boolean
}

export interface PageReader<Entry> {
  readonly first: string
  readonly accessToken: string
  readonly entriesOf: (page: Body) => readonly Entry[]
  /** Where the next page is; `undefined` after the last. */
  readonly nextAfter: (page: Body) => string | undefined
}

/** Reads lists that come in pages. @throws {LoginProblem} `groups_overage_unresolved` */
export type ReadPages = <Entry>(reader: PageReader<Entry>) => Promise<Entry[]>

/** Somebody waits in front of a browser. */
const patienceMilliseconds = 15_000
const mostEntries = 10_000
/** More than pages of a hundred come to: a directory that always has one more would never end. */
const mostPages = 110
const mostAttempts = 3
const longestWaitSeconds = 5
/** However long the directory asks for. */
const longestHoldSeconds = 120
const atOnce = { running: 20, waiting: 500 }

/** The way to a directory: so many at once, with patience where it asks for some, and with an end to everything. */
export function createDirectory ({ fetch, now, explain, isThrottling = () => false }: DirectoryParts): ReadPages {
  const throughGate = createGate(atOnce)
  let heldUntil = 0

  /** Everybody else would be told the same, so nobody else asks. */
  function hold (seconds: number): void {
    heldUntil = Math.max(heldUntil, now() + Math.min(seconds, longestHoldSeconds) * 1000)
  }

  function throttled (): LoginProblem {
    return groupsUnresolved('groups_throttled', 'The directory asks to be left alone', { retryAfterSeconds: Math.max(1, Math.ceil((heldUntil - now()) / 1000)) })
  }

  async function get (url: string, accessToken: string, signal: AbortSignal): Promise<Body> {
    for (let attempt = 1; ; attempt++) {
      if (now() < heldUntil) throw throttled()
      const response = await fetch(url, { headers: { authorization: `Bearer ${accessToken}`, accept: 'application/json' }, signal })
      const body = await bodyOf(response)
      if (response.status === 200 && body !== undefined) return body
      if (response.status === 200) throw groupsUnresolved('groups_answer', 'The directory answered, but not with a JSON object')
      const refusal = { status: response.status, body: body ?? {} }
      if (![429, 503].includes(refusal.status) && !isThrottling(refusal)) throw refusal.status >= 500 ? noAnswer(`status ${refusal.status}`) : explain(refusal)
      const wait = secondsToWait(response.headers.get('retry-after'), now()) ?? attempt
      if (attempt === mostAttempts || wait > longestWaitSeconds) {
        hold(wait)
        throw throttled()
      }
      await delay(wait * 1000, undefined, { signal })
    }
  }

  async function read<Entry> ({ first, accessToken, entriesOf, nextAfter }: PageReader<Entry>): Promise<Entry[]> {
    const signal = AbortSignal.timeout(patienceMilliseconds)
    const entries: Entry[] = []
    let next: string | undefined = first
    for (let pages = 0; next !== undefined; pages++) {
      if (pages === mostPages) throw groupsUnresolved('groups_too_many', `The directory has more than ${mostPages} pages about one person`)
      const page = await get(next, accessToken, signal)
      entries.push(...entriesOf(page))
      if (entries.length > mostEntries) throw groupsUnresolved('groups_too_many', `The person is in more than ${mostEntries} groups`)
      next = nextAfter(page)
    }
    return entries
  }

  return async (reader) => await throughGate(() => read(reader)).catch((error: unknown) => { throw error instanceof LoginProblem ? error : noAnswer(errorCode(error) ?? 'no answer in time', error) })
}

function noAnswer (happened: string, cause?: unknown): LoginProblem {
  return groupsUnresolved('groups_no_answer', `The directory can’t be read: ${happened}`, { cause })
}

/** Undefined for anything but a JSON object. */
async function bodyOf (response: Response): Promise<Body | undefined> {
  const body: unknown = await response.json().catch(() => undefined)
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? body as Body : undefined
}

/** Seconds or a date (RFC 9110 section 10.2.3). */
function secondsToWait (retryAfter: string | null, now: number): number | undefined {
  if (retryAfter === null) return undefined
  const seconds = /^\d{1,9}$/.test(retryAfter) ? Number(retryAfter) : Math.ceil((Date.parse(retryAfter) - now) / 1000)
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds)
}
