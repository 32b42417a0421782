import { type FastifyReply } from 'fastify'
import { Problem, type ProblemCode } from '../errors.ts'
import { auditRequest, type Logger } from '../observability/index.ts'
import { type Pages, wantsHtml } from '../pages/index.ts'
import { type Asked } from './asked.ts'
import { isBearer } from './bearer-token.ts'
import { SignInChallenge } from './challenge.ts'

export interface ProblemParts {
  readonly pages: Pages
  readonly logger: Logger
}

/** Turns whatever a request ended with into its answer. The only place where an error leaves the process. */
export async function answerProblem (error: unknown, request: Asked, reply: FastifyReply, parts: ProblemParts): Promise<FastifyReply> {
  try {
    return await answer(problemOf(error), request, reply, parts)
  } catch (failure) {
    // Left to Fastify, the message of whatever went wrong here would be the answer.
    parts.logger.error({ event: 'request.unanswered', request: auditRequest(request), err: failure }, 'a problem could not be answered')
    return reply.code(500).header('content-type', 'text/plain').send(`Something went wrong. Reference: ${request.id}\n`)
  }
}

async function answer (problem: Problem, request: Asked, reply: FastifyReply, { pages, logger }: ProblemParts): Promise<FastifyReply> {
  logProblem(problem, request, logger)
  const isPerson = isForPerson(request)
  if (problem instanceof SignInChallenge && (problem.manner === 'redirect' || (problem.manner === 'auto' && isPerson))) {
    return reply.header('cache-control', 'no-store').redirect(problem.loginUrl, 302)
  }
  const { login_url: loginUrl, switch_account_url: switchAccountUrl } = problem.members
  const { status, headers, body } = pages.answerTo(problem, {
    wants: isPerson ? 'html' : 'json',
    requestId: request.id,
    person: problem.person,
    loginUrl: textOrNone(loginUrl),
    switchAccountUrl: textOrNone(switchAccountUrl),
    retryUrl: request.method === 'GET' ? request.originalUrl : undefined
  })
  return reply.code(status).headers(headers).send(body)
}

/** Browsers navigate without a token: who sends one is a program, whatever else it says that it accepts. */
export function isForPerson ({ headers }: Asked): boolean {
  return wantsHtml(headers) && !isBearer(headers.authorization ?? '')
}

/** Fastify's own errors carry a status; what we don't know is ours to answer for. */
function problemOf (error: unknown): Problem {
  if (error instanceof Problem) return error
  const status = (error as { statusCode?: unknown }).statusCode
  const code = typeof status === 'number' ? frameworkProblems[status] : undefined
  return new Problem(code ?? 'internal', { cause: error })
}

const frameworkProblems: Readonly<Record<number, ProblemCode>> = {
  400: 'request_invalid',
  404: 'not_found',
  405: 'method_not_allowed',
  414: 'target_too_long',
  415: 'media_type_unsupported',
  431: 'headers_too_large'
}

/** By its reference, everything that a person can be shown is found again here. A challenge is everyday, and a flood that is refused is told of once a minute (limits/). */
function logProblem (problem: Problem, request: Asked, logger: Logger): void {
  const fields = { event: 'request.problem', code: problem.code, status: problem.status, request: auditRequest(request), err: problem.cause }
  if (problem instanceof SignInChallenge || floods.has(problem.code)) logger.debug(fields, problem.title)
  else if (problem.status < 500) logger.info(fields, problem.title)
  else if (problem.status === 500) logger.error(fields, problem.title)
  else logger.warn(fields, problem.title)
}

const floods: ReadonlySet<ProblemCode> = new Set(['overloaded', 'rate_limited'])

function textOrNone (value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
