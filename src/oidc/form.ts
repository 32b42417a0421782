import { type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { requireOnce } from './parameters.ts'

const mostBytes = 64 * 1024

/**
 * The fields of a form. Nothing else of Doorward's own is read from a body, so it is read here and not by Fastify.
 *
 * @throws {Problem} `media_type_unsupported`, `body_too_large`, `request_invalid`
 */
export async function formOf (request: FastifyRequest): Promise<URLSearchParams> {
  const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') throw new Problem('media_type_unsupported')
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request.raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new Problem('body_too_large')
    chunks.push(chunk)
  }
  return requireOnce(new URLSearchParams(Buffer.concat(chunks).toString()))
}
