import type { IncomingHttpHeaders } from 'node:http'
import { type RequestOrigin } from '../request-origin/index.ts'

/**
 * A request as the steps see it. Fastify's is one as it is; forward-auth makes one of what a proxy says about a request
 * that it holds itself.
 */
export interface Asked {
  readonly id: string
  readonly method: string
  /** The request-target, byte by byte. */
  readonly originalUrl: string
  readonly headers: IncomingHttpHeaders
  /** Name, value, name, value… as received. */
  readonly raw: { readonly rawHeaders: readonly string[] }
  readonly origin: RequestOrigin
}
