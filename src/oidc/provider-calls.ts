import { inSpan, type ProviderEndpoint, spanMethod, spanServer, type Tracing } from '../observability/index.ts'
import { type ProviderHttp } from './provider-http.ts'

/** What of the metadata names an endpoint that Doorward asks. */
type NamedEndpoints = Readonly<Partial<Record<keyof typeof endpointNames, unknown>>> & { readonly mtls_endpoint_aliases?: object | undefined }

const endpointNames = {
  token_endpoint: 'token',
  userinfo_endpoint: 'userinfo',
  jwks_uri: 'keys',
  introspection_endpoint: 'introspection',
  revocation_endpoint: 'revocation',
  pushed_authorization_request_endpoint: 'par'
} as const satisfies Readonly<Record<string, ProviderEndpoint>>

export interface ProviderCallParts {
  readonly tracing: Tracing
  /** Of the provider. */
  readonly id: string
  /** What is known of the provider already. */
  readonly server?: NamedEndpoints | undefined
  /** Called after each request, also one that fails. */
  readonly onAnswered: (endpoint: ProviderEndpoint, milliseconds: number) => void
}

export interface ProviderCalls extends ProviderHttp {
  /** The same metadata, which tell what is asked where. */
  learn<Server extends NamedEndpoints> (server: Server): Server
}

/** Requests to a provider, each with its time and its span. The provider is not told of the trace: it is somebody else's house. */
export function watchProviderCalls (http: ProviderHttp, { tracing, id, server: known = {}, onAnswered }: ProviderCallParts): ProviderCalls {
  let endpoints = endpointsOf(known)

  function endpointOf ({ href, pathname }: URL): ProviderEndpoint {
    return endpoints.get(href) ?? (pathname.includes('/.well-known/') ? 'discovery' : 'other')
  }

  return {
    close: () => http.close(),
    async fetch (address, options) {
      const url = new URL(address)
      const endpoint = endpointOf(url)
      const { name, attributes } = spanMethod(options.method ?? 'GET')
      const beganAt = performance.now()
      try {
        return await inSpan(tracing, { name: `${name} ${endpoint}`, kind: 'client', attributes: { ...attributes, ...spanServer(url.host), 'doorward.provider': id, 'doorward.provider.endpoint': endpoint } }, async (span) => {
          const response = await http.fetch(address, options)
          span.set({ 'http.response.status_code': response.status })
          if (response.status >= 400) span.fail(String(response.status))
          return response
        })
      } finally {
        onAnswered(endpoint, performance.now() - beganAt)
      }
    },
    learn (server) {
      endpoints = endpointsOf(server)
      return server
    }
  }
}

function endpointsOf (server: NamedEndpoints): ReadonlyMap<string, ProviderEndpoint> {
  return new Map([server, server.mtls_endpoint_aliases ?? {}].flatMap(endpointsIn))
}

function endpointsIn (server: NamedEndpoints): Array<[string, ProviderEndpoint]> {
  return Object.entries(endpointNames).flatMap(([name, endpoint]): Array<[string, ProviderEndpoint]> => {
    const url = URL.parse(String(server[name as keyof typeof endpointNames]))
    return url === null ? [] : [[url.href, endpoint]]
  })
}
