import { type Logger, oncePerMinute, type RefusalReason } from '../observability/index.ts'

/** Counts a refusal, and tells of it. @param network of the client, where it is refused for what it has done itself */
export type Refusals = (reason: RefusalReason, network?: string) => void

export interface RefusalsParts {
  readonly onRefused: (reason: RefusalReason) => void
  readonly logger: Logger
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const words: Readonly<Record<RefusalReason, string>> = {
  requests: 'more requests at a time than server.maxRequests allows',
  lag: 'the event loop lags further behind than server.maxLag allows',
  rate: 'a client asks for more than server.rateLimit allows; if it is a proxy of yours, name it in server.trustedProxies'
}

/** Each reason is told by itself. */
export function createRefusals ({ onRefused, logger, now }: RefusalsParts): Refusals {
  const telling = (reason: RefusalReason) => oncePerMinute((refused, network?: string) => {
    logger.warn({ event: 'requests.refused', reason, refused, network }, words[reason])
  }, now)
  const tell = { requests: telling('requests'), lag: telling('lag'), rate: telling('rate') }
  return (reason, network) => {
    onRefused(reason)
    tell[reason](network)
  }
}
