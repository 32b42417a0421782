import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { json } from 'node:stream/consumers'
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

/** Asks the Doorward that runs with this configuration. @throws {AdminRequestError} unless it says that it is done */
export async function askAdmin ({ listen, token }: AdminSettings, path: string, wish: object): Promise<void> {
  if (listen === 'off') throw new AdminRequestError('admin.listen is off, so there is nobody to ask')
  if (token === undefined) throw new AdminRequestError('admin.token is not given, so there is no admin API; `doorward keygen` prints a good one')
  const { status, detail } = await post(listen, token, path, JSON.stringify(wish)).catch((error: unknown) => {
    throw new AdminRequestError(`no Doorward answers at ${listen} (${errorCode(error)})`, { cause: error })
  })
  if (status === 401) throw new AdminRequestError(`the Doorward at ${listen} has another admin.token`)
  if (status === 404) throw new AdminRequestError(`the Doorward at ${listen} has no admin API: it was started without admin.token`)
  if (status !== 200) throw new AdminRequestError(`the Doorward at ${listen} answers with ${status}: ${detail}`)
}

async function post (listen: string, token: string, path: string, body: string): Promise<{ status: number, detail: string }> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), authorization: `Bearer ${token}` }
  const asked = request({ ...connectOptions(listen), method: 'POST', path, headers, agent: false, signal: AbortSignal.timeout(patienceMilliseconds) })
  const answered = once(asked, 'response') as Promise<[IncomingMessage]>
  asked.end(body)
  const [response] = await answered
  const { detail } = await json(response).catch(() => ({})) as { detail?: unknown }
  return { status: response.statusCode ?? 0, detail: typeof detail === 'string' ? detail : 'something that is no answer of Doorward' }
}
