/**
 * The admin listener: where those who run Doorward ask whether it lives, whether it can be sent people, and what it has
 * counted; and, with a token, where they end sessions.
 *
 * Owns a server of its own: none of its routes exists on the one that people reach, so no rule or proxy has to keep
 * them away from it (CVE-2022-24797). It does not own what is counted (observability/) nor how sessions end (sessions/).
 * Nobody is asked who they are, except by the API.
 */
import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Problem, type ProblemCode } from '../errors.ts'
import { type Logger, type Metrics } from '../observability/index.ts'
import { withoutSchemas } from '../without-schemas.ts'
import { apiPaths, type ApiParts, mountApi } from './api.ts'
import { type Readiness } from './readiness.ts'

export { createReadiness, type Dependency, type Readiness } from './readiness.ts'

export interface AdminParts {
  readonly readiness: Readiness
  readonly metrics: Metrics
  readonly logger: Logger
  readonly api: ApiParts
}

const paths: readonly string[] = ['/livez', '/readyz', '/metrics']
const answerHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** The admin server; it serves once `listen` is called on it. */
export function createAdmin ({ readiness, metrics, logger, api }: AdminParts): FastifyInstance {
  const answer = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => answerProblem(error, request, reply, logger)
  const app = fastify({
    ...withoutSchemas,
    logger: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    return503OnClosing: false,
    // Who scrapes keeps the connection, and must not keep the process.
    forceCloseConnections: true,
    frameworkErrors: (error, request, reply) => { answer(error, request, reply) }
  })
  app.setErrorHandler(answer)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(answerHeaders)
    // Before Fastify reads a body that nobody wants.
    if (request.is404) throw refusalOf(request, api.token !== undefined)
  })
  app.get('/livez', () => ({ status: 'live' }))
  app.get('/readyz', (_request, reply) => {
    const report = readiness.report()
    return reply.code(report.status === 'ready' ? 200 : 503).send(report)
  })
  app.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await metrics.exposition()
    return await reply.type(contentType).send(text)
  })
  mountApi(app, api)
  return app
}

function refusalOf ({ url }: FastifyRequest, hasApi: boolean): Problem {
  const path = url.split('?', 1)[0] ?? ''
  if (hasApi && apiPaths.includes(path)) return new Problem('method_not_allowed', { headers: { allow: 'POST' } })
  return paths.includes(path) ? new Problem('method_not_allowed', { headers: { allow: 'GET, HEAD' } }) : new Problem('not_found')
}

/** As RFC 9457 has it, with the members that every problem of Doorward has. */
function answerProblem (error: unknown, request: FastifyRequest, reply: FastifyReply, logger: Logger): FastifyReply {
  const { code, status, title, detail, headers, cause } = problemOf(error)
  if (status >= 500) logger.error({ event: 'admin.problem', code, requestId: request.id, err: cause }, title)
  return reply.code(status).headers({ ...answerHeaders, ...headers, 'content-type': 'application/problem+json' })
    .send(JSON.stringify({ type: `urn:doorward:problem:${code}`, title, status, detail, instance: `urn:doorward:request:${request.id}`, code, request_id: request.id }))
}

function problemOf (error: unknown): Problem {
  if (error instanceof Problem) return error
  const { statusCode } = error as { statusCode?: unknown }
  if (typeof statusCode !== 'number' || statusCode >= 500) return new Problem('internal', { cause: error })
  return new Problem(frameworkProblems[statusCode] ?? 'request_invalid', { cause: error })
}

const frameworkProblems: Readonly<Record<number, ProblemCode>> = { 413: 'body_too_large', 415: 'media_type_unsupported' }
