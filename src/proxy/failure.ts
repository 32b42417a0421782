import { errors } from 'undici'
import { Problem } from '../errors.ts'
import { type UpstreamFailure } from '../observability/index.ts'

/** Errors of Node, of undici and of OpenSSL, and problems of ours. */
type Failure = Error & { readonly code?: unknown }

const reasons: Readonly<Record<string, UpstreamFailure>> = {
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_HEADERS_TIMEOUT: 'response_timeout',
  upstream_timeout: 'idle_timeout',
  UND_ERR_SOCKET: 'connection_lost',
  ECONNRESET: 'connection_lost',
  EPIPE: 'connection_lost'
}

/** Not the application's failures. */
const clientFaults: readonly unknown[] = ['request_timeout', 'body_too_large']

/** Answers that undici's parser or Node's writer refuses. */
const invalidAnswer = /^(?:HPE_|ERR_HTTP_|ERR_INVALID_|UND_ERR_(?:RES|HEADERS_OVERFLOW|INVALID))/

/** Why an application gave no answer, in the words of the metrics; none where the client is to blame. */
export function failureReason (error: Failure): UpstreamFailure | undefined {
  const { code } = error
  if (clientFaults.includes(code)) return undefined
  const isInvalid = error instanceof errors.HTTPParserError || invalidAnswer.test(String(code))
  return reasons[String(code)] ?? (isInvalid ? 'response_invalid' : 'connect_failed')
}

const timeouts: readonly unknown[] = ['connect_timeout', 'response_timeout', 'idle_timeout']

/** The answer to the client; the log learns which application it was. */
export function upstreamProblem (error: Failure, { origin }: { readonly origin: string }): Problem {
  const cause = new Error(`${origin}: ${error.message}`, { cause: error })
  return new Problem(timeouts.includes(failureReason(error)) ? 'upstream_timeout' : 'upstream_failed', { cause })
}

/** An upstream may close a connection in the very moment in which a request goes into it (RFC 9112 section 9.3.1). */
export function isBrokenConnection (error: Failure): boolean {
  return failureReason(error) === 'connection_lost'
}

/** Why Doorward itself breaks an exchange off, in words for the log. */
const ownReasons = {
  upstream_timeout: 'the application pauses for too long',
  request_timeout: 'the client pauses for too long',
  body_too_large: 'the body is longer than the rule allows'
}

export type OwnReason = keyof typeof ownReasons

export function ownProblem (reason: OwnReason, { origin }: { readonly origin: string }): Problem {
  return new Problem(reason, { cause: new Error(`${origin}: ${ownReasons[reason]}`) })
}
