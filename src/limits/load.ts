import { Problem } from '../errors.ts'
import { type RefusalReason } from '../observability/index.ts'

export interface LoadSettings {
  /** Requests that may be answered at a time. At least 2. */
  readonly maxRequests: number
  /** Milliseconds that the event loop may lag behind; 0 for as long as it likes. */
  readonly maxLag: number
}

export interface LoadParts {
  /** How many requests are being answered, this one included. */
  readonly running: () => number
  readonly lagMilliseconds: () => number
  readonly onRefused: (reason: RefusalReason) => void
}

/** Who comes: not looked for yet, or nobody, by no session and no token. */
export type Visitor = 'anybody' | 'nobody'

/** Whether there is room for one more. On the hot path: two comparisons. */
export interface Load {
  /**
   * To be asked before it is known who asks, and again for nobody: of all room, half is kept for those who are signed in,
   * whose work would else suffer from whoever comes by.
   *
   * @throws {Problem} `overloaded`
   */
  requireRoom (who: Visitor): void
  /** Whether even nobody would find room: then it need not be looked for who asks. */
  hasRoomForNobody (): boolean
}

const shareOfNobody = 0.5
/** Long enough that whoever comes again finds a server that has done something meanwhile. */
const retryAfterSeconds = 5

export function createLoad ({ maxRequests, maxLag }: LoadSettings, { running, lagMilliseconds, onRefused }: LoadParts): Load {
  const mostLag = maxLag === 0 ? Infinity : maxLag

  function excess (share: number): RefusalReason | undefined {
    if (running() > maxRequests * share) return 'requests'
    return lagMilliseconds() > mostLag * share ? 'lag' : undefined
  }

  return {
    requireRoom (who) {
      const reason = excess(who === 'nobody' ? shareOfNobody : 1)
      if (reason === undefined) return
      onRefused(reason)
      throw new Problem('overloaded', { headers: { 'retry-after': String(retryAfterSeconds) } })
    },
    hasRoomForNobody: () => excess(shareOfNobody) === undefined
  }
}
