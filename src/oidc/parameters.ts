import { type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'

/** The query's parameters. @throws {Problem} `request_invalid` for one that is given twice */
export function parametersOf (request: FastifyRequest): URLSearchParams {
  const query = request.originalUrl.indexOf('?')
  return requireOnce(new URLSearchParams(query < 0 ? '' : request.originalUrl.slice(query + 1)))
}

/**
 * The same parameters. One that is given twice is refused: whoever reads the first and whoever reads the last would not
 * agree on what was asked (RFC 6749 section 3.1).
 *
 * @throws {Problem} `request_invalid`
 */
export function requireOnce (parameters: URLSearchParams): URLSearchParams {
  if (new Set(parameters.keys()).size !== parameters.size) throw new Problem('request_invalid', { detail: 'The address carries a parameter twice.' })
  return parameters
}
