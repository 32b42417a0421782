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
  /** Posted for the first page. */
  readonly body?: Body
  readonly accessToken: string
  readonly entriesOf: (page: Body) => readonly Entry[]
  /** Where the next page is; `undefined` after the last. */
  readonly nextAfter: (page: Body) => string | undefined
}

interface PageRequest {
  readonly url: string
  readonly headers: Record<string, string>
  readonly signal: AbortSignal
  readonly method?: 'POST'
  readonly body?: string
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

  async function ask ({ url, ...request }: PageRequest): Promise<Body> {
    for (let attempt = 1; ; attempt++) {
      if (now() < heldUntil) throw throttled()
      const response = await fetch(url, request)
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
      await delay(wait * 1000, undefined, { signal: request.signal })
    }
  }

  async function read<Entry> ({ first, body, accessToken, entriesOf, nextAfter }: PageReader<Entry>, signal: AbortSignal): Promise<Entry[]> {
    const headers = { authorization: `Bearer ${accessToken}`, accept: 'application/json' }
    const entries: Entry[] = []
    let next: PageRequest | undefined = { url: first, signal, ...body === undefined ? { headers } : posted(body, headers) }
    for (let pages = 0; next !== undefined; pages++) {
      if (pages === mostPages) throw groupsUnresolved('groups_too_many', `The directory has more than ${mostPages} pages about one person`)
      const page: Body = await ask(next)
      const found = entriesOf(page)
      if (entries.length + found.length > mostEntries) throw groupsUnresolved('groups_too_many', `The person is in more than ${mostEntries} groups`)
      entries.push(...found)
      const url = nextAfter(page)
      next = url === undefined ? undefined : { url, headers, signal }
    }
    return entries
  }

  return async (reader) => {
    // Whoever waits for a turn has less time left then: a directory that hangs must not make a queue of minutes.
    const signal = AbortSignal.timeout(patienceMilliseconds)
    return await throughGate(() => read(reader, signal)).catch((error: unknown) => {
      throw error instanceof LoginProblem ? error : noAnswer(errorCode(error) ?? 'no answer in time', error)
    })
  }
}

function posted (body: Body, headers: PageRequest['headers']): Pick<PageRequest, 'method' | 'headers' | 'body'> {
  return { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) }
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
