import { type FastifyReply } from 'fastify'
import { type Answer } from '../pages/index.ts'

/** Writes a page to the wire. */
export function sendPage (reply: FastifyReply, { status, headers, body }: Answer): FastifyReply {
  return reply.code(status).headers(headers).send(body)
}
