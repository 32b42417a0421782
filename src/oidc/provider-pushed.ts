import * as oauth from 'oauth4webapi'
import { createGate } from './gate.ts'
import { clientAuthentication } from './provider-client.ts'
import { providerFailure } from './provider-failure.ts'
import { type ProviderSettings } from './provider-settings.ts'
import { type TokenParts } from './provider-tokens.ts'

export type AuthorizationParameters = Readonly<Record<string, string>>

/** What the browser has to carry of an authorization request: all of it, or a reference to what was pushed. @throws {LoginProblem} */
export type PushRequest = (server: oauth.AuthorizationServer, parameters: AuthorizationParameters) => Promise<AuthorizationParameters>

/** Whoever asks for a sign-in makes Doorward ask the provider: that must not become a flood in the client's name. */
const pushes = { running: 20, waiting: 500 }

/** Pushes authorization requests (RFC 9126) where the provider requires it, or the configuration says so. */
export function createPushedRequests (settings: ProviderSettings, { client, sender }: TokenParts): PushRequest {
  const throughGate = createGate(pushes)

  async function push (server: oauth.AuthorizationServer, parameters: AuthorizationParameters): Promise<string> {
    return await sender.send(server, async (options) => {
      const response = await oauth.pushedAuthorizationRequest(server, client, clientAuthentication(server, settings), parameters, options)
      const { request_uri: reference } = await oauth.processPushedAuthorizationResponse(server, client, response)
      return reference
    })
  }

  return async (server, parameters) => {
    if (!isPushed(server, settings.par)) {
      const thumbprint = await sender.thumbprint(server)
      return thumbprint === undefined ? parameters : { ...parameters, dpop_jkt: thumbprint }
    }
    const reference = await throughGate(() => push(server, parameters)).catch((error: unknown) => { throw providerFailure(error, 'authorization') })
    return { client_id: settings.clientId, request_uri: reference }
  }
}

function isPushed (server: oauth.AuthorizationServer, par: ProviderSettings['par']): boolean {
  return par === 'auto' ? server.require_pushed_authorization_requests === true : par === 'always'
}
