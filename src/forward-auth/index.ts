/**
 * Forward-auth: a proxy that holds a request itself asks whether it may pass, and what to tell the application. For
 * nginx (`auth_request`), Traefik (ForwardAuth), Caddy (`forward_auth`) and Envoy (`ext_authz`).
 *
 * Owns who may ask, how the request asked about is read from the question, and how the decision is put into the answer.
 * The decision is that of pipeline/, the very same as for requests that Doorward forwards.
 */
import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { type Logger } from '../observability/index.ts'
import { checkUrl } from '../own-routes.ts'
import { type Admission, answerProblem, type Asked, type Pipeline, type ProblemParts, SignInChallenge } from '../pipeline/index.ts'
import { askedAbout, type AskedAboutParts, isForNginx } from './asked-about.ts'

export interface ForwardAuthParts extends AskedAboutParts, ProblemParts {
  readonly publicOrigin: string
  readonly pipeline: Pipeline
}

/** `BASE/check`: 200 with the identity headers, or what the client would have been answered. Reads no body. */
export function mountForwardAuth (app: FastifyInstance, parts: ForwardAuthParts): void {
  const { basePath, methods, pipeline } = parts
  const complain = createComplaints(parts.logger)

  function askedBy (request: FastifyRequest): Asked {
    try {
      if (!request.origin.isTrustedPeer) throw untrusted(request)
      return askedAbout(request, parts)
    } catch (error) {
      complain(error)
      throw error
    }
  }

  app.route({
    method: [...methods],
    url: checkUrl(basePath),
    config: { anyHost: true, isForNobodyToo: true },
    onSend (request, reply, payload, done) {
      if (isForNginx(request.originalUrl, basePath)) reply.code(statusForNginx(reply.statusCode))
      done(null, payload)
    },
    async handler (request, reply) {
      if (saysThatItHasBody(request)) reply.raw.shouldKeepAlive = false
      const asked = askedBy(request)
      try {
        allow(reply, await pipeline(asked), isForNginx(request.originalUrl, basePath))
        return reply
      } catch (error) {
        return await answerProblem(onPublicOrigin(error, asked, parts), asked, reply, parts)
      }
    }
  })
}

/** nginx may announce the body of the request that it holds, and keep it: the next request would be read as that body. */
function saysThatItHasBody ({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
}

/** Past Fastify, as every answer that carries header lines as they are. */
function allow (reply: FastifyReply, { identity, identityNames, responseHeaders }: Admission, forNginx: boolean): void {
  const cookies = responseHeaders.filter((_, index) => index % 2 === 1 && responseHeaders[index - 1] === 'Set-Cookie')
  // nginx' variables hold one line of a header: half a session would be worse than none.
  const numbered = forNginx ? cookies.flatMap((cookie, index) => [`X-Set-Cookie-${index + 1}`, cookie]) : []
  const cookieLines = forNginx && cookies.length > 1 ? numbered : [...numbered, ...cookies.flatMap((cookie) => ['Set-Cookie', cookie])]
  reply.hijack()
  reply.raw.writeHead(200, ['Cache-Control', 'no-store', 'Content-Length', '0', ...identity, ...blanks(identity, identityNames), ...cookieLines]).end()
}

/**
 * What somebody does not have is empty here: a proxy that copies what it is answered, and removes nothing before, would
 * let the client's word through (CVE-2026-30851) or, as Caddy 2.6 does, set the name of its variable.
 */
function blanks (identity: readonly string[], names: readonly string[]): string[] {
  const given = new Set(identity.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase()))
  return names.filter((name) => !given.has(name.toLowerCase())).flatMap((name) => [name, ''])
}

/** A relative address would be one of the check's: Traefik resolves it before it passes it on. */
function onPublicOrigin (error: unknown, { originalUrl }: Asked, { publicOrigin, basePath }: ForwardAuthParts): unknown {
  return error instanceof SignInChallenge ? error.with({ target: originalUrl, basePath: publicOrigin + basePath }) : error
}

/** auth_request knows 401 and 403, and takes every other refusal for a failure. The Location of a redirect remains. */
function statusForNginx (status: number): number {
  if (status === 302) return 401
  return status === 401 || status >= 500 ? status : 403
}

function untrusted ({ origin }: FastifyRequest): Problem {
  const peer = origin.clientAddress === '' ? 'unix' : origin.clientAddress
  return new Problem('peer_untrusted', { cause: `only a proxy may ask whether a request may pass: if ${peer} is yours, add it to server.trustedProxies` })
}

const maxComplaints = 100

/** Warns of what the proxy or the configuration is to blame for: of each once, since every request would repeat it. */
function createComplaints (logger: Logger): (error: unknown) => void {
  const made = new Set<unknown>()
  return (error) => {
    if (!(error instanceof Problem) || error.cause === undefined || made.has(error.cause) || made.size >= maxComplaints) return
    made.add(error.cause)
    logger.warn({ event: 'check.unanswerable', code: error.code, err: error.cause }, 'a proxy asked in a way that can’t be answered')
  }
}
