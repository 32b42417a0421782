import type * as oauth from 'oauth4webapi'

/** Addresses by configuration. Where one is not given, discovery decides. */
export interface ProviderEndpoints {
  readonly authorization?: string | undefined
  readonly token?: string | undefined
  readonly jwks?: string | undefined
  readonly userinfo?: string | undefined
  readonly endSession?: string | undefined
  readonly revocation?: string | undefined
  readonly introspection?: string | undefined
  readonly pushedAuthorization?: string | undefined
}

/** The names that metadata has for them (RFC 8414 section 2, RFC 9126 section 5, OpenID Connect RP-Initiated Logout section 2.1). */
const members: Readonly<Record<keyof ProviderEndpoints, string>> = {
  authorization: 'authorization_endpoint',
  token: 'token_endpoint',
  jwks: 'jwks_uri',
  userinfo: 'userinfo_endpoint',
  endSession: 'end_session_endpoint',
  revocation: 'revocation_endpoint',
  introspection: 'introspection_endpoint',
  pushedAuthorization: 'pushed_authorization_request_endpoint'
}

/** The metadata with these addresses; `off` takes an endpoint out. Whoever names an address means it for mutual TLS too. */
export function withEndpoints (server: oauth.AuthorizationServer, endpoints: ProviderEndpoints): oauth.AuthorizationServer {
  const given = Object.entries(endpoints).flatMap(([name, url]) => url === undefined ? [] : [[members[name as keyof ProviderEndpoints], url] as const])
  const replaced = given.map(([member]) => member)
  return {
    ...server,
    ...Object.fromEntries(given.map(([member, url]) => [member, url === 'off' ? undefined : url])),
    ...(server.mtls_endpoint_aliases !== undefined && { mtls_endpoint_aliases: without(server.mtls_endpoint_aliases, replaced) })
  }
}

function without<Value extends object> (value: Value, keys: readonly string[]): Value {
  return Object.fromEntries(Object.entries(value).filter(([key]) => !keys.includes(key))) as Value
}
