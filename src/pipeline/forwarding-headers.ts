import { type RequestOrigin } from '../request-origin/index.ts'

/** What is the same for every request to a host. */
interface Site {
  /** Name, value, name, value… */
  readonly headers: readonly string[]
  /** Of the first element of Forwarded. */
  readonly parameters: string
}

/**
 * What Doorward says about the way the request came: rebuilt for every request, from the connection, from what trusted
 * proxies say and from the known hosts, never from the client's word (RFC 7239 section 8.1).
 */
export function createForwardingHeaders (): (origin: RequestOrigin, requestId: string) => string[] {
  // As many as there are known hosts.
  const sites = { http: new Map<string, Site>(), https: new Map<string, Site>() }

  function siteOf (proto: RequestOrigin['proto'], host: string): Site {
    const known = sites[proto].get(host) ?? createSite(proto, host)
    sites[proto].set(host, known)
    return known
  }

  return ({ forwardedFor, proto, host }, requestId) => {
    const { headers, parameters } = siteOf(proto, host)
    const [client = ''] = forwardedFor
    const proxies = forwardedFor.length > 1 ? forwardedFor.slice(1).map((address) => `, for=${node(address)}`).join('') : ''
    const forwarded = `for=${node(client)}${parameters}${proxies}`
    const lines = [...headers, 'Forwarded', forwarded, 'X-Request-Id', requestId]
    return client === '' ? lines : ['X-Forwarded-For', forwardedFor.join(', '), ...lines]
  }
}

function createSite (proto: RequestOrigin['proto'], host: string): Site {
  const [, port = proto === 'https' ? '443' : '80'] = /:(\d+)$/.exec(host) ?? []
  return {
    headers: ['X-Forwarded-Proto', proto, 'X-Forwarded-Host', host, 'X-Forwarded-Port', port],
    parameters: `;host=${quoted(host)};proto=${proto}`
  }
}

/** An IPv6 address is bracketed and quoted (RFC 7239 section 6). A unix socket has no address: `unknown`. */
function node (address: string): string {
  if (address === '') return 'unknown'
  return address.includes(':') ? `"[${address}]"` : address
}

/** A host with a port is no token (RFC 9110 section 5.6.2). */
function quoted (host: string): string {
  return /^[A-Za-z0-9.-]+$/.test(host) ? host : `"${host}"`
}
