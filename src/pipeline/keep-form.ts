import type { IncomingHttpHeaders } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { type FastifyReply, type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { type ClientRates, networkOf } from '../limits/index.ts'
import { type Logger } from '../observability/index.ts'
import { type IdleWatch } from '../proxy/index.ts'
import { type Sessions } from '../sessions/index.ts'
import { isForPerson } from './answer-problem.ts'
import { SignInChallenge } from './challenge.ts'
import { type FormOwner, type KeptForms } from './kept-form.ts'

export interface KeepFormParts {
  readonly forms: KeptForms
  readonly sessions: Sessions
  readonly publicUrl: URL
  /** Bytes of a body; 0 keeps none. */
  readonly limit: number
  /** Watches clients that send a body. */
  readonly clients: IdleWatch
  readonly rates: ClientRates
  readonly logger: Logger
}

/** Returns the challenge with which a request ends, with the form if that is kept, or a problem that says that it is lost; any other error as it is. */
export type KeepForm = (error: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/** Bodies that are read at the same time, since anybody may send some. */
const mostAtOnce = 200
/** Of those, by one client: whoever sends slowly must not take the places of everybody. */
const mostOfOneClient = 20
/** Of the page, in the `state`: a longer one is cut, and would not be found again. */
const longestTarget = 1500

/**
 * Keeps what a form of our own carries into a sign-in, which would lose it. A form of another site must never be sent
 * with the session that comes of it (CSRF): browsers withhold the session from it, or say where it comes from.
 */
export function createKeepForm (parts: KeepFormParts): KeepForm {
  const { forms, limit, rates, logger } = parts
  const takePlace = createPlaces()

  async function keep (challenge: SignInChallenge, request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const body = await bodyOf(request, parts.clients)
    const name = await forms.put({ target: request.originalUrl, headers: formLines(request.raw.rawHeaders), body, owner: await ownerOf(request, parts.sessions) })
    reply.header('set-cookie', forms.cookie.wait(name))
    return challenge.withForm(name)
  }

  return async (error, request, reply) => {
    if (!(error instanceof SignInChallenge) || error.manner === '401' || limit === 0 || !isOwnForm(request, parts.publicUrl)) return error
    const { clientAddress } = request.origin
    const leavePlace = canBeKept(request, limit) ? takePlace(clientAddress) : undefined
    if (leavePlace === undefined) return lost(error)
    try {
      rates.take('form', clientAddress)
      return await keep(error, request, reply)
    } catch (failure) {
      if (failure instanceof Problem && (failure.code === 'request_timeout' || failure.code === 'rate_limited')) return failure
      logger.warn({ event: 'form.lost', err: failure }, 'a form could not be kept')
      return lost(error)
    } finally {
      leavePlace()
    }
  }
}

/** @returns takes a place for a client, and gives what leaves it; `undefined` where there is none */
function createPlaces (): (address: string) => (() => void) | undefined {
  const taken: string[] = []
  return (address) => {
    const client = networkOf(address)
    // Without an address it is everybody together.
    const own = client === '' ? 0 : taken.filter((each) => each === client).length
    if (taken.length >= mostAtOnce || own >= mostOfOneClient) return undefined
    taken.push(client)
    return () => { taken.splice(taken.indexOf(client), 1) }
  }
}

/** Said before the sign-in rather than after it: as long as the form is one step back, what somebody wrote is still in it. */
function lost ({ loginUrl }: SignInChallenge): Problem {
  return new Problem('form_not_sent', {
    detail: 'You need to sign in first, and what you had filled in could not be kept for a sign-in. Nothing of it was sent. Go back to copy it, or sign in in another tab and send it again.',
    members: { login_url: loginUrl }
  })
}

/** What a person fills in at a page of this site, and would not want to lose. */
function isOwnForm (request: FastifyRequest, publicUrl: URL): boolean {
  return request.method === 'POST' && Number(request.headers['content-length'] ?? NaN) > 0 &&
    // The sign-in ends on the public origin, where the cookie of another host is not sent.
    request.origin.host === publicUrl.host &&
    isForPerson(request) && isFromHere(request.headers, publicUrl.origin)
}

const kinds = /^(application\/x-www-form-urlencoded|multipart\/form-data|application\/json)\s*(;|$)/i

function canBeKept ({ headers, originalUrl }: FastifyRequest, limit: number): boolean {
  return Number(headers['content-length']) <= limit && headers.expect === undefined &&
    kinds.test(headers['content-type'] ?? '') &&
    originalUrl.length <= longestTarget
}

/** By Fetch Metadata, which no page can forge, else by Origin. A request that says neither is not believed. */
function isFromHere (headers: IncomingHttpHeaders, publicOrigin: string): boolean {
  const site = headers['sec-fetch-site']
  return site === undefined ? headers.origin === publicOrigin : site === 'same-origin'
}

/** @throws {Problem} `request_timeout`; or rejects where the client goes away */
async function bodyOf ({ raw }: FastifyRequest, clients: IdleWatch): Promise<Buffer> {
  const silence = Promise.withResolvers<never>()
  const timer = clients.start(() => { silence.reject(new Problem('request_timeout')) })
  raw.on('data', () => { timer.restart() })
  try {
    return await Promise.race([buffer(raw), silence.promise])
  } finally {
    timer.stop()
  }
}

/** What applications go by to tell whose form it is, and what it is: all of it would be missing after the sign-in. */
const formHeaders = new Set(['content-type', 'content-length', 'origin', 'referer', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-user'])

function formLines (raw: readonly string[]): string[] {
  return raw.flatMap((name, index) => index % 2 === 0 && formHeaders.has(name.toLowerCase()) ? [name, raw[index + 1] ?? ''] : [])
}

async function ownerOf ({ headers }: FastifyRequest, sessions: Sessions): Promise<FormOwner | undefined> {
  const { session, past } = await sessions.find(headers.cookie)
  const identity = (session ?? past)?.identity
  return identity && { provider: identity.provider, sub: identity.sub }
}
