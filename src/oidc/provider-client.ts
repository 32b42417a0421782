import * as oauth from 'oauth4webapi'

export interface ClientCredentials {
  readonly clientSecret?: string | undefined
  readonly clientAuth: 'auto' | 'client_secret_basic' | 'client_secret_post' | 'none'
}

/** How the client authenticates at the token endpoint (OpenID Connect Core section 9); Basic where nothing is said. */
export function clientAuthentication (server: oauth.AuthorizationServer, { clientSecret, clientAuth }: ClientCredentials): oauth.ClientAuth {
  if (clientSecret === undefined || clientAuth === 'none') return oauth.None()
  const supported = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  const takesPost = clientAuth === 'client_secret_post' ||
    (clientAuth === 'auto' && !supported.includes('client_secret_basic') && supported.includes('client_secret_post'))
  return takesPost ? oauth.ClientSecretPost(clientSecret) : oauth.ClientSecretBasic(clientSecret)
}
