/** Clients that hold on to what they have for as long as they can (slowloris and its kin), by the tool slowhttptest. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { stripVTControlCharacters } from 'node:util'
import t, { type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { startGatewayProcess } from '../proxy/gateway-process.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { freePort } from '../support/gateway.ts'
import { missingPart, partPath } from '../support/parts.ts'

const mebibyte = 1024 * 1024
/** More than all buffers on the way to a client take. */
const large = Buffer.alloc(16 * mebibyte)
const attackers = 300
const mostGrowth = 192 * mebibyte

const answer: RequestListener = (request, response) => {
  // What is cut off is a result here.
  request.on('error', () => {}).on('end', () => { response.end(request.url === '/large' ? large : 'ok') }).resume()
}

/** Each with its own way to be slow: a header line a second, a part of a body every three, a few bytes read every five. */
const attacks = {
  headers: ['-H', '-i', '1'],
  body: ['-B', '-i', '3', '-s', '8192'],
  read: ['-X', '-w', '10', '-y', '20', '-n', '5', '-z', '32']
}

interface Attack {
  /** What the tool says of how it ended. */
  readonly outcome: Promise<string>
  isRunning (): boolean
}

/** Starts an attack of a minute at most, which ends with the test. */
function attack (t: Test, how: keyof typeof attacks, url: string): Attack {
  const child = spawn(partPath('slowhttptest'), [...attacks[how], '-u', url, '-c', String(attackers), '-r', '200', '-l', '60', '-v', '1'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const outcome = text(child.stdout).then((said) => stripVTControlCharacters(said).match(/Exit status: (.*)/)?.[1] ?? said)
  return { outcome, isRunning: () => child.exitCode === null }
}

/** Asks like everybody else until told to stop; the status of each answer. */
async function statusesUntil (stop: AbortSignal, port: number): Promise<number[]> {
  const statuses: number[] = []
  while (!stop.aborted) {
    const response = await responseTo(ask(port, { method: statuses.length % 2 === 0 ? 'GET' : 'POST' }).end())
    response.resume()
    statuses.push(response.statusCode ?? 0)
    await delay(20)
  }
  return statuses
}

async function connectionsOf (server: Server): Promise<number> {
  return await new Promise((resolve, reject) => { server.getConnections((error, count) => { if (error) reject(error); else resolve(count) }) })
}

/** Nobody tells when a connection of another process has closed. */
async function until (isSo: () => Promise<boolean>): Promise<void> {
  while (!await isSo()) await delay(100)
}

t.test('hundreds of slow clients are let go of, and nobody else notices them', { skip: missingPart('slowhttptest') }, async (t) => {
  const server = createServer(answer)
  const { port: applicationPort, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const port = await freePort()
  const listening = { listen: `127.0.0.1:${port}`, hosts: [`localhost:${port}`, `127.0.0.1:${port}`], clientTimeout: '1s' }
  const gateway = await startGatewayProcess(t, `http://127.0.0.1:${applicationPort}`, { server: listening })
  const [socketsBefore, memoryBefore] = [await gateway.sockets(), await gateway.memory()]

  const over = new AbortController()
  const others = statusesUntil(over.signal, port)
  const [headers, body, read] = [attack(t, 'headers', `http://127.0.0.1:${port}/`), attack(t, 'body', `http://127.0.0.1:${port}/`), attack(t, 'read', `http://127.0.0.1:${port}/large`)]
  await until(async () => await gateway.sockets() > socketsBefore + attackers)
  t.strictSame([await headers.outcome, await body.outcome], ['No open connections left', 'No open connections left'], 'they are closed before they like to end')
  over.abort()
  const statuses = await others
  t.ok(statuses.length > 100, `${statuses.length} answers`)
  t.strictSame(statuses.filter((status) => status !== 200), [], 'all of them good')

  await until(async () => await gateway.sockets() <= socketsBefore)
  t.ok(read.isRunning(), 'slow readers, who don’t notice that they are let go of, too')
  await until(async () => await connectionsOf(server) === 0)
  const growth = await gateway.memory() - memoryBefore
  t.ok(growth < mostGrowth, `${Math.round(growth / mebibyte)} MiB of memory`)
  t.notMatch(gateway.log(), /"level":"(error|fatal)"|uncaught/)
})
