import { Problem } from '../errors.ts'
import { type Logger } from '../observability/index.ts'
import { type Client, commandOf, createClient, operationMilliseconds, type RedisSettings } from './redis-connection.ts'
import { hashOf } from './ticket.ts'

export { type RedisSettings } from './redis-connection.ts'

/**
 * What Doorward asks of Redis. Every operation ends within a quarter of a second, one way or the other.
 * @throws {Problem} `session_store_unavailable`, each of them, while Redis does not answer
 */
export interface Redis {
  /** A key under the prefix: a word of ours for what it is, and the hash of what names it, which itself is never sent. */
  keyOf (kind: string, name?: string): string
  get (key: string): Promise<string | undefined>
  set (key: string, value: string, milliseconds: number): Promise<void>
  /** Sets what is not there yet. @returns whether it was not */
  add (key: string, value: string, milliseconds: number): Promise<boolean>
  /** Sets what is still as it was, at once with looking (compare and set). @returns whether it was */
  replace (key: string, before: string, after: string, milliseconds: number): Promise<boolean>
  remove (key: string): Promise<void>
  /** Removes what is still as it was. @returns whether it was */
  removeIf (key: string, value: string): Promise<boolean>
  /** Gets and removes: of several who ask, one has it. */
  take (key: string): Promise<string | undefined>
  /** Runs a script on the node that holds the key. */
  run (script: string, key: string, ...values: ReadonlyArray<string | number>): Promise<unknown>
  /** Connects, and goes on trying; until then every operation fails. Resolves after the first attempt, however it ended. */
  connect (): Promise<void>
  close (): void
}

export interface RedisParts {
  readonly keyPrefix: string
  readonly logger: Logger
  /** An operation did not end as it should. */
  readonly onFailed: () => void
}

/** In seconds (RFC 9110 section 10.2.3): a failover takes a few. */
const retryAfter = '2'

const replaceScript = 'if redis.call("get", KEYS[1]) ~= ARGV[1] then return 0 end redis.call("set", KEYS[1], ARGV[2], "PX", ARGV[3]) return 1'
const removeScript = 'if redis.call("get", KEYS[1]) ~= ARGV[1] then return 0 end return redis.call("del", KEYS[1])'

export async function createRedis (settings: RedisSettings, { keyPrefix, logger, onFailed }: RedisParts): Promise<Redis> {
  const client = await createClient(settings)
  /** Why there is no connection: more to the point than what a request meets, which is that there is none. */
  let lost: unknown
  client.on('ready', () => { lost = undefined })
  client.on('close', () => { lost ??= new Error('the connection has ended') })
  // Without a listener the process would end.
  client.on('error', (error: NodeJS.ErrnoException) => {
    // What the client says of itself follows from what the network or Redis has said before.
    const isCause = error.code !== undefined || commandOf(error) !== undefined
    lost = isCause ? error : lost ?? error
    logger.debug({ event: 'redis.error', err: withoutSecrets(error) }, 'the connection to Redis failed')
  })

  async function ask<Answer> (operation: (client: Client) => Promise<Answer>): Promise<Answer> {
    try {
      return await withinTime(operation(client))
    } catch (error) {
      onFailed()
      throw new Problem('session_store_unavailable', { cause: withoutSecrets(lost ?? error), headers: { 'retry-after': retryAfter } })
    }
  }

  const run: Redis['run'] = (script, key, ...values) => ask((redis) => redis.eval(script, 1, key, ...values))

  return {
    keyOf: (kind, name) => name === undefined ? keyPrefix + kind : `${keyPrefix}${kind}:${hashOf(name)}`,
    get: async (key) => await ask((redis) => redis.get(key)) ?? undefined,
    async set (key, value, milliseconds) { await ask((redis) => redis.set(key, value, 'PX', whole(milliseconds))) },
    add: async (key, value, milliseconds) => await ask((redis) => redis.set(key, value, 'PX', whole(milliseconds), 'NX')) === 'OK',
    replace: async (key, before, after, milliseconds) => await run(replaceScript, key, before, after, whole(milliseconds)) === 1,
    async remove (key) { await ask((redis) => redis.del(key)) },
    removeIf: async (key, value) => await run(removeScript, key, value) === 1,
    take: async (key) => await ask((redis) => redis.getdel(key)) ?? undefined,
    run,
    async connect () { await withinTime(client.connect()).catch(() => { /* told as an event, and tried again */ }) },
    close () { client.disconnect() }
  }
}

/** Redis takes no expiry below a millisecond, and no fraction. */
function whole (milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds))
}

/** The client's own limit is for one command on one connection; a redirection in a cluster begins anew. */
async function withinTime<Answer> (operation: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => { reject(new Error(`no answer within ${operationMilliseconds} ms`)) }, operationMilliseconds)
  })
  try {
    return await Promise.race([operation, timeout])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * An error that can be logged. The client's carry the command with its arguments, and what Redis answers may repeat
 * them: a password, a session. Its first word says what is wrong, and the command's name with what.
 */
function withoutSecrets (error: unknown): Error {
  if (!(error instanceof Error)) return new Error('unknown error')
  if (error.name === 'ReplyError') return new Error(`Redis answered ${/^[A-Z]+/.exec(error.message)?.[0] ?? 'with an error'} to ${commandOf(error) ?? 'what it was sent'}`)
  const { code } = error as NodeJS.ErrnoException
  return new Error(code ?? error.message.replace(/ Last error:.*$/s, ''))
}
