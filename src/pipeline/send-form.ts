import { type FastifyReply, type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { auditRequest, type Logger } from '../observability/index.ts'
import { type Admitted, hasBody } from '../proxy/index.ts'
import { type Sessions } from '../sessions/index.ts'
import { isForPerson } from './answer-problem.ts'
import { type Asked } from './asked.ts'
import { SignInChallenge } from './challenge.ts'
import { type KeptForm, type KeptForms, maySend } from './kept-form.ts'

export interface SendFormParts {
  readonly forms: KeptForms
  readonly sessions: Sessions
  readonly pipeline: (request: Asked) => Admitted | Promise<Admitted>
  readonly logger: Logger
}

/** The door for requests that Doorward forwards: the pipeline, and in front of it what turns one GET into a form that was kept. */
export type Door = (request: FastifyRequest, reply: FastifyReply) => Admitted | Promise<Admitted>

/** The answer is that of a form, whatever the application says: it must not be kept as the page's. */
const notKept = ['Cache-Control', 'no-store']

/**
 * Sends a kept form in place of the first request for its page after the sign-in: through the pipeline, whose rules decide
 * about the form's own method and length. The browser shows the page's address, and asks for the page when it is loaded again.
 */
export function createSendForm ({ forms, sessions, pipeline, logger }: SendFormParts): Door {
  async function send (name: string, request: FastifyRequest, reply: FastifyReply): Promise<Admitted> {
    const { session } = await sessions.find(request.headers.cookie)
    if (session === undefined) return await pipeline(request)
    const form = await forms.take(name)
    reply.header('set-cookie', forms.cookie.forget())
    if (form === undefined || form.target !== request.originalUrl) throw new Problem('form_not_sent')
    if (!maySend(form, session)) throw new Problem('form_not_sent', { detail: 'You signed in as somebody else than the one who had filled it in. Nothing of it was sent.' })
    const admitted = await admit(form, request, reply)
    logger.info({ event: 'form.sent', request: auditRequest(request) }, 'a form was sent after the sign-in')
    return { ...admitted, responseHeaders: [...admitted.responseHeaders, ...notKept, 'Set-Cookie', forms.cookie.forget()], substitute: { method: 'POST', body: form.body } }
  }

  async function admit (form: KeptForm, request: FastifyRequest, reply: FastifyReply): Promise<Admitted> {
    try {
      return await pipeline(askedAs(form, request))
    } catch (error) {
      if (!(error instanceof SignInChallenge)) throw error
      // The rule for the form asks for a better sign-in than the one for its page did.
      const name = await forms.put(form)
      reply.removeHeader('set-cookie').header('set-cookie', forms.cookie.wait(name))
      throw error.withForm(name)
    }
  }

  return (request, reply) => {
    const { headers, method, raw, originalUrl } = request
    if (method !== 'GET' || hasBody(raw) || !isForPerson(request) || !forms.cookie.isIn(headers.cookie)) return pipeline(request)
    const name = forms.cookie.released(sessions.ignore(headers.cookie).cookies, originalUrl)
    return name === undefined ? pipeline(request) : send(name, request, reply)
  }
}

/** Of the page's request nothing that speaks of a body, of where it came from, or of a copy that the browser has. */
const ofThePage = /^(content-|if-|origin$|referer$|sec-fetch-|range$)/i

function askedAs (form: KeptForm, { id, originalUrl, origin, headers, raw: { rawHeaders } }: FastifyRequest): Asked {
  const own = rawHeaders.flatMap((name, index) => index % 2 === 0 && !ofThePage.test(name) ? [name, rawHeaders[index + 1] ?? ''] : [])
  return { id, method: 'POST', originalUrl, origin, headers: { ...headers, 'content-length': String(form.body.length) }, raw: { rawHeaders: [...own, ...form.headers] } }
}
