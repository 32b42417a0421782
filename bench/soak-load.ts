/** An even stream of requests of one person, half as many as Doorward can answer, beside what its crowd does. */
import { setTimeout as delay } from 'node:timers/promises'
import { loadWith } from './measure.ts'
import { throughputOf } from './pace.ts'
import { type Visitor } from './visitors.ts'

export interface SteadyLoad {
  readonly perSecond: number
  /** Requests that were answered as they should be; pieces of the stream that broke off while something failed, and while nothing did. */
  readonly counts: { requests: number, expected: number, readonly unexpected: string[] }
  run (milliseconds: number): Promise<void>
}

const connections = 32
/** After so long the cookie is taken over that a refresh has brought, as a browser would. */
const secondsPerPiece = 2
const pauseMilliseconds = 200

export async function measureHalfLoad (visitor: Visitor, { requests, isTroubled }: { requests: number, isTroubled: () => boolean }): Promise<SteadyLoad> {
  const perSecond = Math.round(await throughputOf(visitor, { requests, connections }) / 2)
  const counts: SteadyLoad['counts'] = { requests: 0, expected: 0, unexpected: [] }
  const piece = { mode: 'paced', connections, perSecond, requests: perSecond * secondsPerPiece } as const

  /** What begins or ends in trouble may go wrong. */
  async function send (): Promise<void> {
    const wasTroubled = isTroubled()
    try {
      await visitor.prove(0)
      await loadWith(visitor, piece)
      counts.requests += piece.requests
    } catch (error) {
      if (wasTroubled || isTroubled()) counts.expected++
      else counts.unexpected.push(error instanceof Error ? error.message : String(error))
      await delay(pauseMilliseconds)
    }
  }

  return {
    perSecond,
    counts,
    async run (milliseconds) {
      const until = performance.now() + milliseconds
      while (performance.now() < until) await send()
    }
  }
}
