/**
 * The yardstick: the least that a gateway on Node can do. An http server that sends every request on with undici and
 * streams the answer back, both ways with back-pressure, without the fields that are about one connection. It knows
 * nobody and checks nothing.
 *
 * Usage: node bench/bare-node.ts PORT UPSTREAM
 */
import { createServer, type ServerResponse } from 'node:http'
import { type Dispatcher, Pool } from 'undici'

const hopByHop: ReadonlySet<string> = new Set(['connection', 'proxy-connection', 'keep-alive', 'te', 'transfer-encoding', 'upgrade', 'trailer'])

class Relay implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse

  constructor (response: ServerResponse) {
    this.#response = response
  }

  onRequestStart (controller: Dispatcher.DispatchController): void {
    this.#response.on('drain', () => { controller.resume() })
    this.#response.on('close', () => {
      if (!this.#response.writableFinished) controller.abort(new Error('the client is gone'))
    })
  }

  onResponseStart (controller: Dispatcher.DispatchController, status: number): void {
    const raw = controller.rawHeaders as Buffer[]
    this.#response.writeHead(status, endToEnd(raw.map((text) => text.toString('latin1'))))
  }

  onResponseData (controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#response.write(chunk)) controller.pause()
  }

  onResponseEnd (): void {
    this.#response.end()
  }

  onResponseError (): void {
    if (this.#response.headersSent) this.#response.destroy()
    else this.#response.writeHead(502).end()
  }
}

/** Name, value, name, value… without the fields about one connection. */
function endToEnd (raw: readonly string[]): string[] {
  const kept: string[] = []
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? ''
    if (!hopByHop.has(name.toLowerCase())) kept.push(name, raw[index + 1] ?? '')
  }
  return kept
}

const [port, upstream = '', lines = '[]'] = process.argv.slice(2)
const added = JSON.parse(lines) as string[]
const pool = new Pool(upstream, { pipelining: 1 })
/** Browsers and load clients come back later than the five seconds that Node waits. */
const keepAliveMilliseconds = 72_000

const server = createServer({ keepAliveTimeout: keepAliveMilliseconds }, (request, response) => {
  const { headers } = request
  const hasBody = headers['transfer-encoding'] !== undefined || headers['content-length'] !== undefined
  pool.dispatch({
    path: request.url ?? '/',
    method: request.method as Dispatcher.HttpMethod,
    headers: endToEnd(request.rawHeaders).concat(added),
    body: hasBody ? request : null
  }, new Relay(response))
})
server.listen(Number(port), '127.0.0.1')
