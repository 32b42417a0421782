/**
 * One round of one subject: prove that it answers as it should, then load it and read what that cost.
 *
 * Owns what is measured and how. It does not own what the figures are compared to (bench/report.ts).
 */
import { join } from 'node:path'
import { Browser } from '../test/support/browser.ts'
import { type LoadResult, type LoadTask } from './load.ts'
import { type Options } from './options.ts'
import { cpuMicroseconds, memoryBytes } from './process-tree.ts'
import { type Program, startProgram } from './programs.ts'
import { type Subject } from './subjects/index.ts'
import { protectedPath, upstreamBody } from './upstream.ts'

export interface Round {
  /** User and system time of the subject's processes, in microseconds per request. */
  readonly cpu: number
  readonly requestsPerSecond: number
  /** Milliseconds, with every connection busy. */
  readonly p50: number
  readonly p99: number
  readonly memoryBytes: number
}

/** Somebody in front of a subject: with a session, where the subject knows people. */
export interface Visitor {
  readonly subject: Subject
  readonly browser: Browser
}

export function startLoadClient (): Program {
  return startProgram([process.execPath, join(import.meta.dirname, 'load.ts')], 'others', ['ignore', 'ignore', 'inherit', 'ipc'])
}

/** Signs in as a person would: through the provider and back. */
export async function visit (subject: Subject): Promise<Visitor> {
  const browser = new Browser()
  if (subject.tells.user !== 'nobody') await browser.signIn(subject.origin + protectedPath, subject.tells.user)
  return { subject, browser }
}

export async function measureRound (visitor: Visitor, load: Program, { requests, connections }: Options): Promise<Round> {
  await proveAnswer(visitor)
  const { subject } = visitor
  const before = cpuMicroseconds(subject.pid)
  const result = await runLoad(load, { port: subject.port, request: requestText(visitor), requests, connections, contentLength: upstreamBody.length })
  const cpu = (cpuMicroseconds(subject.pid) - before) / requests
  if (!result.ok) throw new Error(`${subject.title}: ${result.reason}`)
  return { cpu, requestsPerSecond: requests / result.seconds, p50: result.p50, p99: result.p99, memoryBytes: memoryBytes(subject.pid) }
}

/**
 * Otherwise a redirect to the sign-in might be what is measured. It also lets the browser take over a session that the
 * subject has renewed, as browsers do all the time and the load client does not.
 */
async function proveAnswer ({ subject, browser }: Visitor): Promise<void> {
  const { status, text, headers } = await browser.get(subject.origin + protectedPath, { program: true })
  const told = { user: headers['x-seen-user'], assertion: headers['x-seen-assertion'] }
  const { user, assertion } = subject.tells
  if (status === 200 && text === upstreamBody && told.user === user && told.assertion === assertion) return
  throw new Error(`${subject.title}: expected the upstream’s answer for ${user} (assertion: ${assertion}), got ${status} for ${String(told.user)} (assertion: ${String(told.assertion)})`)
}

/** What a small API call of a browser looks like, without what differs from one to the next. */
function requestText ({ subject, browser }: Visitor): string {
  const url = new URL(protectedPath, subject.origin)
  const cookie = browser.jar.header(url)
  return [
    `GET ${protectedPath} HTTP/1.1`,
    `Host: ${url.host}`,
    'User-Agent: bench',
    'Accept: application/json',
    'Accept-Language: en',
    ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
    '\r\n'
  ].join('\r\n')
}

function runLoad ({ process: child }: Program, task: LoadTask): Promise<LoadResult> {
  const { promise, resolve } = Promise.withResolvers<LoadResult>()
  const onExit = (): void => { resolve({ ok: false, reason: 'the load client ended' }) }
  child.once('exit', onExit)
  child.once('message', (result: LoadResult) => {
    child.off('exit', onExit)
    resolve(result)
  })
  child.send(task)
  return promise
}
