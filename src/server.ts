import { readFileSync } from 'node:fs'
import { METHODS } from 'node:http'
import { randomUUID } from 'node:crypto'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions } from 'fastify'
import { Problem } from './errors.ts'

export interface ServerSettings {
  readonly basePath: string
  readonly tls?: { readonly certFile: string, readonly keyFile: string } | undefined
}

/** Answers what Fastify itself refuses, such as an escape in a path of ours that can't be decoded. */
export type AnswerError = (error: unknown, request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

/** A session's chunks and a few logins in progress, beside what the application keeps in cookies. */
const maxHeaderBytes = 64 * 1024
/** RFC 9112 leaves it to the server; slower than this is an attack (slowloris) more often than a network. */
const headersTimeoutMilliseconds = 20_000

/** CONNECT would make Doorward a tunnel, TRACE would send a browser's cookies back to its scripts. */
export const forwardedMethods = METHODS.filter((method) => method !== 'CONNECT' && method !== 'TRACE')

/**
 * The HTTP server. Only Doorward's own paths are shown to Fastify's router: every other target is the application's,
 * reaches one route whatever it looks like, and is judged by the pipeline on its own bytes.
 */
export function createServer (settings: ServerSettings, answer: AnswerError): FastifyInstance {
  const isOwn = ownPathTest(settings.basePath)
  const options = {
    logger: false,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    exposeHeadRoutes: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    rewriteUrl: ({ url = '' }) => isOwn(url) ? url : '/',
    frameworkErrors: (error, request, reply) => { answer(error, request as FastifyRequest, reply as FastifyReply).catch(() => { reply.raw.destroy() }) },
    clientErrorHandler: refuseConnection
  } satisfies FastifyServerOptions
  const transport = { maxHeaderSize: maxHeaderBytes, headersTimeout: headersTimeoutMilliseconds }
  const { tls } = settings
  const app = tls === undefined
    ? fastify({ ...options, http: transport })
    : fastify({ ...options, https: { ...transport, cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile), minVersion: 'TLSv1.2' } }) as unknown as FastifyInstance

  app.setErrorHandler(answer)
  app.setNotFoundHandler(({ method }) => {
    throw method === 'TRACE' ? new Problem('method_not_allowed', { headers: { allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS' } }) : new Problem('not_found')
  })
  // Bodies belong to the application: none is parsed, none is judged by its media type.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => { done(null) })
  for (const method of forwardedMethods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: false })
  }
  // Fastify would refuse QUERY without a media type; that, too, is the application's to judge.
  app.addHttpMethod('QUERY', { hasBody: false, overrideExisting: true })
  return app
}

function ownPathTest (basePath: string): (target: string) => boolean {
  return (target) => {
    if (!target.startsWith(basePath)) return false
    const next = target.charAt(basePath.length)
    return next === '' || next === '/' || next === '?'
  }
}

const clientErrors: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout'
}

/** What is not HTTP gets a status and nothing else: there is no request to speak of, and its text may be an attack. */
function refuseConnection (error: { code?: string }, socket: { writable: boolean, end (text: string): void, destroy (): void }): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = clientErrors[error.code ?? ''] ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}
