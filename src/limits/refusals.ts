import { type Logger, type RefusalReason } from '../observability/index.ts'

/** Counts a refusal, and tells of it. @param network of the client, where it is refused for what it has done itself */
export type Refusals = (reason: RefusalReason, network?: string) => void

export interface RefusalsParts {
  readonly onRefused: (reason: RefusalReason) => void
  readonly logger: Logger
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const silenceMilliseconds = 60_000

const words: Readonly<Record<RefusalReason, string>> = {
  requests: 'more requests at a time than server.maxRequests allows',
  lag: 'the event loop lags further behind than server.maxLag allows',
  rate: 'a client asks for more than server.rateLimit allows; if it is a proxy of yours, name it in server.trustedProxies'
}

/** Each reason is told once a minute: who floods Doorward must not flood its log as well. */
export function createRefusals ({ onRefused, logger, now }: RefusalsParts): Refusals {
  const told = { requests: silent(), lag: silent(), rate: silent() }
  return (reason, network) => {
    onRefused(reason)
    const last = told[reason]
    last.untold++
    if (now() - last.at < silenceMilliseconds) return
    logger.warn({ event: 'requests.refused', reason, refused: last.untold, network }, words[reason])
    told[reason] = { untold: 0, at: now() }
  }
}

function silent (): { untold: number, at: number } {
  return { untold: 0, at: -Infinity }
}
