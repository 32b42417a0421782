import { type IncomingMessage } from 'node:http'
import { Problem } from '../errors.ts'

const formType = 'application/x-www-form-urlencoded'
/** A program sends it in one piece. */
const patienceMilliseconds = 10_000

/**
 * The fields of a form that was posted.
 *
 * @throws {Problem} `media_type_unsupported`, `body_too_large`, `request_timeout`, or `request_invalid` for a body that breaks off
 */
export async function readForm (message: IncomingMessage, maxBytes: number): Promise<URLSearchParams> {
  const [type = ''] = (message.headers['content-type'] ?? '').split(';')
  if (type.trim().toLowerCase() !== formType) throw new Problem('media_type_unsupported')
  if (Number(message.headers['content-length'] ?? 0) > maxBytes) throw new Problem('body_too_large')
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
