import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { SignInChallenge } from './challenge.ts'

export interface CrossOrigin {
  /** Adds to the answers of Doorward's own that scripts of the listed origins may read them. */
  allow (app: FastifyInstance): void
  /**
   * Answers a preflight that comes without a session, since it always does (Fetch, section 4.8), where the application's
   * answer would need one. Returns `undefined` for everything else.
   */
  preflight (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply | undefined
}

/** How long a browser may remember the answer: Chromium keeps none longer than two hours, and a list may change. */
const rememberedSeconds = '600'
/** What scripts read of an answer beside its body. */
const exposed = 'WWW-Authenticate, Retry-After'

/**
 * Cross-origin requests with credentials, from a list of origins (Fetch, section 3.2). Only an origin that is listed is
 * ever named, and never `*`. What the application answers is the application's own affair, these headers included.
 *
 * @param origins in lower case, as browsers send them
 */
export function createCrossOrigin (origins: ReadonlySet<string>, basePath: string): CrossOrigin {
  function listed ({ headers: { origin } }: FastifyRequest): string | undefined {
    return origin !== undefined && origins.has(origin) ? origin : undefined
  }

  function answer (origin: string, { headers }: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { 'access-control-request-method': method = 'GET', 'access-control-request-headers': names } = headers
    return reply.code(204).headers({
      ...allowed(origin),
      vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      'cache-control': 'no-store',
      // With credentials `*` means nothing: what is asked for is what is allowed.
      'access-control-allow-methods': method,
      ...names !== undefined && { 'access-control-allow-headers': names },
      'access-control-max-age': rememberedSeconds
    }).send()
  }

  return {
    allow (app) {
      if (origins.size === 0) return
      app.addHook('onSend', (request, reply, _payload, done) => {
        if (isForScripts(reply)) {
          const origin = listed(request)
          reply.headers({ vary: 'Origin', ...origin !== undefined && { ...allowed(origin), 'access-control-expose-headers': exposed } })
        }
        done()
      })
      app.options(`${basePath}/session`, (request, reply) => {
        const origin = listed(request)
        return origin !== undefined && isPreflight(request) ? answer(origin, request, reply) : reply.callNotFound()
      })
    },
    preflight (error, request, reply) {
      const origin = error instanceof SignInChallenge && isPreflight(request) ? listed(request) : undefined
      return origin === undefined ? undefined : answer(origin, request, reply)
    }
  }
}

function allowed (origin: string): Readonly<Record<string, string>> {
  return { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }
}

/** Pages are for people, who come to them. */
function isForScripts (reply: FastifyReply): boolean {
  return /^application\/(problem\+)?json\b/.test(String(reply.getHeader('content-type')))
}

function isPreflight ({ method, headers }: FastifyRequest): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}
