import { type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'

/**
 * The query's parameters. One that is given twice is refused: whoever reads the first and whoever reads the last would
 * not agree on what was asked (RFC 6749 section 3.1).
 */
export function parametersOf (request: FastifyRequest): URLSearchParams {
  const query = request.originalUrl.indexOf('?')
  const parameters = new URLSearchParams(query < 0 ? '' : request.originalUrl.slice(query + 1))
  if (new Set(parameters.keys()).size !== parameters.size) throw new Problem('request_invalid', { detail: 'The address carries a parameter twice.' })
  return parameters
}
