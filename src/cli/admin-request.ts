import { once } from 'node:events'
import type { IncomingMessage, RequestOptions } from 'node:http'
import { json } from 'node:stream/consumers'
import { http } from '../node-http.ts'
import { errorCode } from './configuration.ts'
import { connectOptions } from './listening.ts'

export interface AdminSettings {
  /** `host:port`, `unix:/path` or `off`, as the configuration has it. */
  readonly listen: string
  readonly token?: string | undefined
}

/** What keeps a running Doorward from doing as it is told, for the administrator. */
export class AdminRequestError extends Error {
  override readonly name = 'AdminRequestError'
}

const patienceMilliseconds = 10_000

interface Answer {
  readonly status: number
  /** Nothing where it is no JSON. */
  readonly body: unknown
}

/** Tells the Doorward that runs with this configuration to do something. @throws {AdminRequestError} unless it says that it is done */
export async function askAdmin ({ listen, token }: AdminSettings, path: string, wish: object): Promise<void> {
  const address = addressIn(listen)
  if (token === undefined) throw new AdminRequestError('admin.token is not given, so there is no admin API; `doorward keygen` prints a good one')
  const { status, body } = await send(address, { method: 'POST', path, headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` } }, JSON.stringify(wish))
  if (status === 401) throw new AdminRequestError(`the Doorward at ${listen} has another admin.token`)
  if (status === 404) throw new AdminRequestError(`the Doorward at ${listen} has no admin API: it was started without admin.token`)
  if (status !== 200) throw new AdminRequestError(`the Doorward at ${listen} answers with ${status}: ${detailOf(body)}`)
}

/** Asks it for something. @throws {AdminRequestError} where it does not answer, or somebody else does */
export async function readAdmin ({ listen }: AdminSettings, path: string): Promise<Answer> {
  const answer = await send(addressIn(listen), { path })
  if (answer.body === undefined) throw new AdminRequestError(`what answers at ${listen} is no Doorward`)
  return answer
}

function addressIn (listen: string): string {
  if (listen === 'off') throw new AdminRequestError('admin.listen is off, so there is nobody to ask')
  return listen
}

async function send (listen: string, options: Pick<RequestOptions, 'method' | 'path' | 'headers'>, body = ''): Promise<Answer> {
  const headers = { ...options.headers, ...body !== '' && { 'content-length': Buffer.byteLength(body) } }
  const asked = http.request({ ...connectOptions(listen), ...options, headers, agent: false, signal: AbortSignal.timeout(patienceMilliseconds) })
  const answered = once(asked, 'response') as Promise<[IncomingMessage]>
  asked.end(body)
  try {
    const [response] = await answered
    return { status: response.statusCode ?? 0, body: await json(response).catch(() => undefined) }
  } catch (error) {
    throw new AdminRequestError(`no Doorward answers at ${listen} (${errorCode(error)})`, { cause: error })
  }
}

function detailOf (body: unknown): string {
  const { detail } = Object(body) as { detail?: unknown }
  return typeof detail === 'string' ? detail : 'something that is no answer of Doorward'
}
