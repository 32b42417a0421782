import { type Server } from 'node:net'
import { type Logger } from './logger.ts'
import { type Metrics } from './metrics.ts'

interface RefusalParts {
  readonly metrics: Metrics
  readonly logger: Logger
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const silenceMilliseconds = 60_000

/** Tells of connections that Node closes because of `maxConnections`. Who floods Doorward must not flood its log as well. */
export function countRefusedConnections (server: Server, { metrics, logger, now }: RefusalParts): void {
  let untold = 0
  let toldAt = -Infinity
  server.on('drop', () => {
    metrics.connectionRefused()
    untold++
    if (now() - toldAt < silenceMilliseconds) return
    logger.warn({ event: 'connections.refused', refused: untold, maxConnections: server.maxConnections }, 'more connections than server.maxConnections allows')
    untold = 0
    toldAt = now()
  })
}
