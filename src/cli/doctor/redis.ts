import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { createLogger } from '../../observability/index.ts'
import { createRedis, type Redis, type StorageSettings } from '../../sessions/index.ts'
import { check, type Finding, found, type Section } from './check.ts'

type Settings = NonNullable<StorageSettings['redis']>

/** Whether Redis does for us what sessions need: write, read, run a script, remove, each in time. */
export function redisSection (settings: Settings, now: () => number): Section {
  return { subject: 'redis', title: `Redis at ${placeOf(settings.url)}`, checks: [check('redis', async () => ({ finding: await judgeRedis(settings, now) }))] }
}

async function judgeRedis (settings: Settings, now: () => number): Promise<Finding> {
  const redis = await createRedis(settings, { keyPrefix: settings.keyPrefix, logger: silent, onFailed: () => {} })
  const key = redis.keyOf('doctor', randomBytes(16).toString('hex'))
  try {
    await redis.connect()
    await untilWritten(redis, key, now)
    const began = now()
    if (await redis.get(key) !== probe) return found.failed('what was written can’t be read again', 'look at what is between: each of several servers behind one address has other keys')
    const milliseconds = now() - began
    const version = await versionOf(redis, key)
    return found.ok(`${version}${isTls(settings.url) ? 'with TLS' : 'without TLS'}, answers within ${Math.max(1, Math.round(milliseconds))} ms; a key under ${settings.keyPrefix} was written and read`)
  } catch (error) {
    return failedBy(error)
  } finally {
    await redis.remove(key).catch(() => { /* it ends by itself */ })
    redis.close()
  }
}

const probe = 'doctor'
const probeMilliseconds = 10_000
const patienceMilliseconds = 5_000
const pauseMilliseconds = 100

/** One operation may take a quarter of a second; a first connection with TLS, or by way of a Sentinel, longer. */
async function untilWritten (redis: Redis, key: string, now: () => number): Promise<void> {
  const deadline = now() + patienceMilliseconds
  for (;;) {
    try {
      await redis.set(key, probe, probeMilliseconds)
      return
    } catch (error) {
      if (now() > deadline || !isPassing(causeOf(error))) throw error
      await delay(pauseMilliseconds)
    }
  }
}

/** What a server says of a password or of rights does not change by waiting. */
function isPassing (cause: string): boolean {
  return !/^Redis answered|ECONNREFUSED|ENOTFOUND|CERT|SIGNATURE/.test(cause)
}

/** By a script, which sessions need as well. The name is Redis' own, or that of Valkey. */
async function versionOf (redis: Redis, key: string): Promise<string> {
  const info = String(await redis.run('return redis.pcall("info", "server")', key).catch((error: unknown) => { if (!/NOPERM|NOSCRIPT/.test(causeOf(error))) throw error }) ?? '')
  const [, name = '', version] = /^(redis|valkey)_version:([\w.-]{1,30})/m.exec(info) ?? []
  return version === undefined ? '' : `${name === 'valkey' ? 'Valkey' : 'Redis'} ${version} `
}

const fixes: ReadonlyArray<readonly [cause: RegExp, fix: string]> = [
  [/ to SELECT$/, 'it has no such database, or does not let the user have it: correct the number after the host in session.redis.url'],
  [/NOAUTH|WRONGPASS/, 'give the password in session.redis.password, and the user in session.redis.username where it is not the default one'],
  [/NOPERM/, 'let the user run GET, SET, GETDEL, DEL, EVAL and what else docs/session-storage.md names on keys under session.redis.keyPrefix'],
  [/MOVED|CROSSSLOT|CLUSTERDOWN/, 'it is a cluster: session.redis.cluster: true'],
  [/READONLY/, 'it is a replica: name the master, or Sentinels by session.redis.sentinel'],
  [/ENOTFOUND|EAI_AGAIN/, 'correct the name in session.redis.url, or the DNS of this machine'],
  [/ECONNREFUSED/, 'nothing listens there: start it, or correct the port in session.redis.url'],
  [/CERT|SIGNATURE/, 'put the authority of its certificate into session.redis.caFile, and write the name that is in the certificate'],
  [/ETIMEDOUT|no answer/, 'it is off, a firewall drops what is sent, or it speaks no TLS: compare redis:// and rediss:// in session.redis.url with what it speaks'],
  [/SSL|EPROTO|ECONNRESET|Connection is closed/, 'compare redis:// and rediss:// in session.redis.url with what it speaks']
]

function failedBy (error: unknown): Finding {
  const cause = causeOf(error)
  const [, fix = 'look at what is between this machine and session.redis.url'] = fixes.find(([causes]) => causes.test(cause)) ?? []
  return found.failed(`can’t be used: ${cause}`, fix)
}

/** Written by the store for the log: without commands or passwords. */
function causeOf (error: unknown): string {
  const { cause } = error as { cause?: unknown }
  return cause instanceof Error ? cause.message : String((error as Error).message)
}

function isTls (url: string): boolean {
  return url.startsWith('rediss:')
}

/** Without the password. */
function placeOf (url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

/** What the store has to say is in the report. */
const silent = createLogger({ level: 'fatal', format: 'json', isTerminal: false, secretPaths: [] }, { write: () => {} })
