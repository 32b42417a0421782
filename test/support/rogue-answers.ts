/** Answers that are not plain JSON: other statuses, garbage, endless bodies, silence. */
import { type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'

export interface RawParts {
  /** Default: 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer | AsyncIterable<Buffer>
  /** Before the first byte. `Infinity` never answers: the connection stays open until the other side ends it. */
  readonly delayMilliseconds?: number
}

/** An answer as it stands; made by `raw()`. */
export class Raw {
  readonly parts: RawParts

  constructor (parts: RawParts) {
    this.parts = parts
  }
}

/** `userinfo: () => raw({ status: 500 })`, `discovery: () => raw({ body: megabytes(10) })`. */
export function raw (parts: RawParts): Raw {
  return new Raw(parts)
}

/** A redirect, which no endpoint of a provider but the authorization endpoint has a reason to send. */
export function redirect (location: string): Raw {
  return new Raw({ status: 302, headers: { location } })
}

/** That many megabytes of JSON text that never ends, sent only as fast as they are read. */
export async function * megabytes (count: number): AsyncGenerator<Buffer> {
  yield Buffer.from('{"filler":"')
  const megabyte = Buffer.alloc(1024 * 1024, 'x')
  for (let sent = 0; sent < count; sent += 1) yield megabyte
}

/** Writes what an endpoint returned. */
export async function send (response: ServerResponse, body: unknown): Promise<void> {
  if (!(body instanceof Raw)) {
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body))
    return
  }
  const { status = 200, headers = { 'content-type': 'application/json' }, body: content = '', delayMilliseconds = 0 } = body.parts
  if (delayMilliseconds === Infinity) return
  await delay(delayMilliseconds, undefined, { ref: false })
  response.writeHead(status, headers)
  if (typeof content === 'string' || Buffer.isBuffer(content)) {
    response.end(content)
    return
  }
  // A reader that gives up in the middle is what such a test is about.
  await pipeline(Readable.from(content), response).catch(() => {})
}

/** A redirect of the browser with these parameters; a list repeats one. */
export function sendBack (to: string, parameters: Readonly<Record<string, string | readonly string[]>> | Raw): Raw {
  if (parameters instanceof Raw) return parameters
  const location = new URL(to)
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of [value].flat()) location.searchParams.append(name, one)
  }
  return new Raw({ status: 303, headers: { location: location.href } })
}

/** An error of OAuth (RFC 6749 section 5.2). */
export function problem (status: number, error: string): Raw {
  return new Raw({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ error }) })
}
