import type { IncomingMessage } from 'node:http'
import { type FastifyReply, type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { requireOnce } from './parameters.ts'

const formType = 'application/x-www-form-urlencoded'
const mostBytes = 64 * 1024
/** Browsers and programs send a form in one piece. */
const patienceMilliseconds = 10_000

/**
 * The fields of a form, each once. Nothing else of Doorward's own is read from a body, so it is read here and not by Fastify.
 *
 * @throws {Problem} `media_type_unsupported`, `body_too_large`, `request_timeout`, or `request_invalid` for a body that breaks off
 */
export async function formOf (request: FastifyRequest, reply: FastifyReply): Promise<URLSearchParams> {
  return requireOnce(await readForm(request, reply, mostBytes))
}

/** The same, of a smaller or larger form, and as often as a field is given. @throws as `formOf` */
export async function readForm ({ raw: message }: FastifyRequest, { raw: response }: FastifyReply, maxBytes: number): Promise<URLSearchParams> {
  const [type = ''] = (message.headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== formType) throw new Problem('media_type_unsupported')
  if (Number(message.headers['content-length'] ?? 0) > maxBytes) throw new Problem('body_too_large')
  // Some wait to be asked for the body (RFC 9110 section 10.1.1); what else they expect, the server has refused.
  if (message.headers.expect !== undefined && message.httpVersion !== '1.0') response.writeContinue()
  return new URLSearchParams((await bodyOf(message, maxBytes)).toString())
}

/** Read by events: what iterates over a request destroys it where it stops early, and the answer with it. */
async function bodyOf (message: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  const whole = Promise.withResolvers<Buffer>()
  const refuse = (code: 'body_too_large' | 'request_timeout' | 'request_invalid') => { whole.reject(new Problem(code)) }
  const take = (chunk: Buffer): void => {
    size += chunk.length
    if (size > maxBytes) refuse('body_too_large')
    else chunks.push(chunk)
  }
  const timer = setTimeout(refuse, patienceMilliseconds, 'request_timeout')
  message.on('data', take).once('end', () => { whole.resolve(Buffer.concat(chunks)) }).once('close', () => { refuse('request_invalid') })
  try {
    return await whole.promise
  } finally {
    clearTimeout(timer)
    message.off('data', take).pause()
  }
}
