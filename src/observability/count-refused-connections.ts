import { type Server } from 'node:net'
import { type Logger } from './logger.ts'
import { type Metrics } from './metrics.ts'
import { oncePerMinute } from './once-per-minute.ts'

interface RefusalParts {
  readonly metrics: Metrics
  readonly logger: Logger
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Counts connections that Node closes because of `maxConnections`, and tells of them. */
export function countRefusedConnections (server: Server, { metrics, logger, now }: RefusalParts): void {
  const tell = oncePerMinute((refused) => {
    logger.warn({ event: 'connections.refused', refused, maxConnections: server.maxConnections }, 'more connections than server.maxConnections allows')
  }, now)
  server.on('drop', () => {
    metrics.connectionRefused()
    tell()
  })
}
