import { getCACertificates } from 'node:tls'
import { Agent, request } from 'undici'

/** In PEM. */
export interface ClientCertificate {
  readonly cert: string
  readonly key: string
}

export interface ProviderHttpSettings {
  /** PEM of the authorities to trust beside the system's. */
  readonly caPem?: string | undefined
  /** Shown to whoever asks for one in the handshake (RFC 8705). */
  readonly clientCertificate?: ClientCertificate | undefined
  /** Plain http is a test's and a laptop's affair: only ever to loopback. */
  readonly allowLoopbackHttp: boolean
}

export interface ProviderHttp {
  fetch (url: string, options: { method?: string, headers?: Record<string, string>, body?: unknown, signal?: AbortSignal | undefined }): Promise<Response>
  close (): Promise<void>
}

/** The endpoint is one that no secret may be sent to. */
class InsecureEndpointError extends Error {
  override readonly name = 'InsecureEndpointError'
  readonly code = 'INSECURE_ENDPOINT'
}

const maxBodyBytes = 1024 * 1024
const connectTimeoutMilliseconds = 5_000
const readTimeoutMilliseconds = 5_000
const writeTimeoutMilliseconds = 10_000
const emptyStatuses = [204, 205, 304]

/**
 * The way to the provider. A provider may be slow, endless or hostile: every answer is bounded in size and in time,
 * redirects are not followed (a token request must not wander), and nothing is decompressed.
 */
export function createProviderHttp (settings: ProviderHttpSettings): ProviderHttp {
  const agent = new Agent({
    connect: {
      timeout: connectTimeoutMilliseconds,
      ...(settings.caPem !== undefined && { ca: [...getCACertificates('default'), settings.caPem] }),
      ...settings.clientCertificate
    },
    headersTimeout: writeTimeoutMilliseconds,
    bodyTimeout: readTimeoutMilliseconds,
    maxResponseSize: maxBodyBytes
  })

  return {
    async fetch (url, { method = 'GET', headers = {}, body, signal }) {
      requireSecure(url, settings.allowLoopbackHttp)
      const deadline = AbortSignal.timeout(method === 'GET' ? readTimeoutMilliseconds : writeTimeoutMilliseconds)
      const answer = await request(url, {
        dispatcher: agent,
        method: method as 'GET' | 'POST',
        headers,
        body: body instanceof URLSearchParams ? body.toString() : null,
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline])
      })
      const bytes = await answer.body.arrayBuffer()
      const contentType = answer.headers['content-type']
      return new Response(emptyStatuses.includes(answer.statusCode) ? null : bytes, {
        status: answer.statusCode,
        headers: typeof contentType === 'string' ? { 'content-type': contentType } : {}
      })
    },
    close: () => agent.destroy()
  }
}

/** @throws {InsecureEndpointError} for anything but https, or http on loopback where that is allowed. */
export function requireSecure (text: string, allowLoopbackHttp: boolean): void {
  const url = URL.parse(text)
  if (url?.protocol === 'https:') return
  if (allowLoopbackHttp && url?.protocol === 'http:' && /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) return
  throw new InsecureEndpointError(`the provider names an endpoint that is not https: ${url?.origin ?? 'not a URL'}`)
}
