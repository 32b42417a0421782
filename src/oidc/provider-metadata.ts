import { LoginProblem } from './login-problem.ts'

export interface FoundMetadata<Metadata> {
  readonly metadata: Metadata
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface ProviderMetadataSettings<Metadata> {
  readonly load: () => Promise<Metadata>
  /** Where what was found is kept, and may be already. */
  readonly memory: { metadata?: FoundMetadata<Metadata> }
  readonly now: () => number
  /** Called after each attempt, with the error of a failed one. */
  readonly onAttempt: (error: unknown) => void
}

/** What discovery found: loaded when first needed or earlier, kept through outages, renewed in the background every hour. */
export interface ProviderMetadata<Metadata> {
  /** @throws {LoginProblem} `setup_error` with Retry-After, while discovery has never succeeded. */
  get (): Promise<Metadata>
  /** Told when the provider did not answer as its metadata promise: they are read again soon, for they may have changed. */
  doubt (): void
  /** Begins to look for the provider, again and again until it is found. Doorward serves in the meantime. */
  start (): void
  /** Looks no more, and tells of nothing: what is known is still there for whoever asks. */
  stop (): void
}

const freshMilliseconds = 60 * 60 * 1000
/** Doubts come by the dozen where a provider fails; that often at most they are followed. */
const doubtMilliseconds = 10_000
const firstRetryMilliseconds = 1_000
const lastRetryMilliseconds = 30_000

export function createProviderMetadata<Metadata> (settings: ProviderMetadataSettings<Metadata>): ProviderMetadata<Metadata> {
  const { memory } = settings
  let attempt: Promise<Metadata> | undefined
  let failure: { readonly error: unknown, readonly at: number, readonly nextAt: number } | undefined
  let failures = 0
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  function load (): Promise<Metadata> {
    attempt ??= settings.load().then(succeeded, failed).finally(() => { attempt = undefined })
    return attempt
  }

  function succeeded (metadata: Metadata): Metadata {
    memory.metadata = { metadata, at: settings.now() }
    failure = undefined
    failures = 0
    if (!isStopped) settings.onAttempt(undefined)
    // By the timer, so that nobody has to meet a changed endpoint first.
    schedule(freshMilliseconds)
    return metadata
  }

  function failed (error: unknown): never {
    const delay = retryDelay(failures++)
    failure = { error, at: settings.now(), nextAt: settings.now() + delay }
    if (!isStopped) settings.onAttempt(error)
    schedule(delay)
    throw error
  }

  function schedule (delay: number): void {
    if (isStopped) return
    clearTimeout(timer)
    timer = setTimeout(inBackground, delay).unref()
  }

  /** The outcome is in `found` or `failure`, and told to `onAttempt`. */
  function inBackground (): void {
    load().catch(() => undefined)
  }

  /** While the provider is down, the timer tries. */
  function renewIfOlderThan (milliseconds: number, since: number): void {
    if (failure === undefined && settings.now() - since > milliseconds) inBackground()
  }

  function unavailable (): LoginProblem {
    const seconds = Math.max(1, Math.ceil(((failure?.nextAt ?? 0) - settings.now()) / 1000))
    return new LoginProblem('setup_error', { cause: failure?.error, headers: { 'retry-after': String(seconds) } })
  }

  return {
    async get () {
      const { metadata: found } = memory
      if (found !== undefined) {
        // A machine that slept has missed its timer.
        renewIfOlderThan(freshMilliseconds, found.at)
        return found.metadata
      }
      // People who wait must not turn into a flood at a provider that is down.
      if (attempt === undefined && failure !== undefined && settings.now() - failure.at < firstRetryMilliseconds) throw unavailable()
      return await load().catch(() => { throw unavailable() })
    },
    doubt () {
      if (memory.metadata !== undefined) renewIfOlderThan(doubtMilliseconds, memory.metadata.at)
    },
    start: inBackground,
    stop () {
      isStopped = true
      clearTimeout(timer)
    }
  }
}

/** Doubles from one second to thirty, and spreads replicas that started together. */
function retryDelay (failures: number): number {
  const full = Math.min(firstRetryMilliseconds * 2 ** failures, lastRetryMilliseconds)
  return full / 2 + Math.random() * full / 2
}
