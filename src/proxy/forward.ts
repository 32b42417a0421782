import type { IncomingMessage } from 'node:http'
import { type Dispatcher } from 'undici'
import { type Forwarder, type ForwardParts } from './exchange.ts'
import { Relay } from './relay.ts'
import { upgradeOf } from './upgrades.ts'

/** Sends requests to one upstream and streams the answers back. A body that breaks off is never made to look whole. */
export function createForwarder (parts: ForwardParts): Forwarder {
  const { upstream } = parts
  return (request, response, forwarded, events) => {
    const upgrade = upgradeOf(request)
    const { substitute } = forwarded
    const body = substitute?.body ?? (hasBody(request) ? request : null)
    const options: Dispatcher.DispatchOptions = {
      path: upstream.basePath + forwarded.target,
      method: (substitute?.method ?? request.method) as Dispatcher.HttpMethod,
      headers: forwarded.headers,
      body,
      upgrade: upgrade === undefined ? null : 'websocket'
    }
    // Other connections of the pool may be as stale as the one that broke.
    const retry = (): void => { upstream.dispatchAfresh(options, relay) }
    const mayRetry = body === null && isIdempotent(request.method)
    const relay = new Relay({ ...parts, request, response, forwarded, events, upgrade, isSending: body === request, retry: mayRetry ? retry : undefined })
    upstream.dispatcher.dispatch(options, relay)
  }
}

/** A request has a body if and only if its framing says so (RFC 9112 section 6.3), whatever its method. */
export function hasBody ({ headers }: IncomingMessage): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}

/** RFC 9110 section 9.2.2. */
const idempotentMethods: readonly unknown[] = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']

function isIdempotent (method: string | undefined): boolean {
  return idempotentMethods.includes(method)
}
