import { getCACertificates } from 'node:tls'
import { Agent, type Dispatcher, EnvHttpProxyAgent, install, request } from 'undici'
import { type ProxySettings } from './provider-proxy.ts'

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
  /** Without one, connections are direct. */
  readonly proxy?: ProxySettings | undefined
  /** Plain http is a test's and a laptop's affair: only ever to loopback. */
  readonly allowLoopbackHttp: boolean
}

export interface ProviderHttp {
  /** @param options.timeoutMilliseconds in place of what the method stands for */
  fetch (url: string, options: { method?: string, headers?: Record<string, string>, body?: unknown, signal?: AbortSignal | undefined, timeoutMilliseconds?: number }): Promise<Response>
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
/** The last three are looked at by `doorward doctor` alone. */
const always = ['content-type', 'retry-after', 'age', 'date', 'location']
const emptyStatuses = [204, 205, 304]

/**
 * The way to the provider. A provider may be slow, endless or hostile: every answer is bounded in size and in time,
 * redirects are not followed (a token request must not wander), and nothing is decompressed.
 */
export function createProviderHttp (settings: ProviderHttpSettings): ProviderHttp {
  const agent = agentFor(settings)

  return {
    async fetch (url, { method = 'GET', headers = {}, body, signal, timeoutMilliseconds = method === 'GET' ? readTimeoutMilliseconds : writeTimeoutMilliseconds }) {
      requireSecure(url, settings.allowLoopbackHttp)
      const deadline = AbortSignal.timeout(timeoutMilliseconds)
      const answer = await request(url, {
        dispatcher: agent,
        method: method as 'GET' | 'POST',
        headers,
        headersTimeout: Math.max(timeoutMilliseconds, writeTimeoutMilliseconds),
        body: body instanceof URLSearchParams || typeof body === 'string' ? body.toString() : null,
        signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline])
      })
      const bytes = await answer.body.arrayBuffer()
      return new Response(emptyStatuses.includes(answer.statusCode) ? null : bytes, {
        status: answer.statusCode,
        headers: headersOf(answer.headers)
      })
    },
    close: () => agent.destroy()
  }
}

function agentFor ({ caPem, clientCertificate, proxy, allowLoopbackHttp }: ProviderHttpSettings): Dispatcher {
  const authorities = trustedBy({ caPem })
  const tls = { timeout: connectTimeoutMilliseconds, ...authorities, ...clientCertificate }
  const options = { connect: tls, headersTimeout: writeTimeoutMilliseconds, bodyTimeout: readTimeoutMilliseconds, maxResponseSize: maxBodyBytes }
  // Plain http is for loopback alone: a proxy on the way would read the secrets, and could answer in the provider's place.
  if (proxy === undefined || allowLoopbackHttp) return new Agent(options)
  // The proxy is asked for a tunnel and sees no more; the certificate is for the provider alone.
  return new EnvHttpProxyAgent({ ...options, ...proxy, requestTls: tls, proxyTls: authorities })
}

/**
 * oauth4webapi takes `Headers` and `Response` from the global scope, for which Node would load an undici of its own. This puts
 * those of the one that is here into that place, in the whole process: for whoever starts it.
 */
export function shareUndici (): void {
  install()
}

/** Whom a provider's certificate may come from: as TLS takes it, the system's authorities where it is empty. */
export function trustedBy ({ caPem }: Pick<ProviderHttpSettings, 'caPem'>): { readonly ca?: string[] } {
  return caPem === undefined ? {} : { ca: [...getCACertificates('default'), caPem] }
}

/**
 * Of an answer's headers, those that something is made of. A challenge counts beside a nonce alone (RFC 9449 section 9):
 * any other would hide the `error` of the body.
 */
function headersOf (headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const wanted = headers['dpop-nonce'] === undefined ? always : [...always, 'dpop-nonce', 'www-authenticate']
  return Object.fromEntries(wanted.flatMap((name) => {
    const value = headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  }))
}

/** @throws {InsecureEndpointError} for anything but https, or http on loopback where that is allowed. */
export function requireSecure (text: string, allowLoopbackHttp: boolean): void {
  const url = URL.parse(text)
  if (url?.protocol === 'https:') return
  if (allowLoopbackHttp && url?.protocol === 'http:' && /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)) return
  throw new InsecureEndpointError(`the provider names an endpoint that is not https: ${url?.origin ?? 'not a URL'}`)
}
