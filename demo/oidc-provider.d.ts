/** The part of oidc-provider that the demo uses; the package itself comes without types. */
declare module 'oidc-provider' {
  import { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'

  export type Configuration = Record<string, unknown>

  export interface ClientMetadata {
    client_id: string
    client_secret?: string | undefined
    redirect_uris: readonly string[]
    [name: string]: unknown
  }

  /** A Koa context, as far as it is used here. */
  export interface Context {
    readonly method: string
    readonly path: string
    readonly headers: IncomingMessage['headers']
    readonly query: Record<string, string | string[] | undefined>
    status: number
    type: string
    body: unknown
    set (name: string, value: string): void
    /** Only where the path is one of the protocol's. */
    readonly oidc?: ProtocolContext['oidc']
  }

  export interface ProtocolContext extends Context {
    readonly oidc: {
      readonly provider: Provider
      readonly session?: { readonly accountId?: string, grantIdFor (clientId: string): string | undefined }
      readonly client: { readonly clientId: string, grantTypeAllowed (type: string): boolean }
      readonly requestParamOIDCScopes: Set<string>
      readonly body?: Record<string, string>
    }
  }

  export interface Interaction {
    readonly uid: string
    readonly params: Record<string, unknown>
  }

  export interface Grant {
    addOIDCScope (scope: string): void
    addResourceScope (resource: string, scope: string): void
    save (): Promise<string>
  }

  export class Provider {
    constructor (issuer: string, configuration: Configuration)
    readonly Grant: {
      new (properties: { accountId: string | undefined, clientId: string }): Grant
      find (id: string): Promise<Grant | undefined>
    }

    use (middleware: (context: Context, next: () => Promise<void>) => Promise<void>): void
    callback (): RequestListener
    on (event: 'server_error', listener: (context: Context, error: Error) => void): void
    interactionDetails (request: IncomingMessage, response: ServerResponse): Promise<Interaction>
    interactionFinished (request: IncomingMessage, response: ServerResponse, result: Record<string, unknown>): Promise<void>
  }

  interface Policy extends Array<unknown> {
    add (prompt: object, index?: number): void
  }

  export const interactionPolicy: {
    base (): Policy
    Prompt: new (options: { name: string, requestable: boolean }) => object
  }

  export const errors: { SessionNotFound: new () => Error, InvalidTarget: new () => Error }
}

declare module 'oidc-provider/lib/adapters/memory_adapter.js' {
  interface Adapter {
    upsert (id: string, payload: object): Promise<void>
  }

  export function createMemoryAdapter (clockToleranceSeconds?: number): (model: string) => Adapter
}
