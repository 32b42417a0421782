/** The application behind the demo's Doorward: it shows who it was told is asking, and checks that it is true. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createRemoteJWKSet } from 'jose'
import { applicationPage } from './application-page.ts'
import { listenOnLoopback, type Listening } from './loopback.ts'
import { pageHeaders } from './page.ts'
import { readRequest } from './received.ts'

export interface ApplicationOptions {
  readonly port: number
  /** Where Doorward publishes the keys of its assertion. */
  readonly jwksUrl: string
  /** `iss` of the assertion: the public URL of Doorward. */
  readonly issuer: string
  /** `aud` of the assertion: this application. */
  readonly audience: string
}

/** Runs the application on loopback. Any path and method is answered: a page for people, JSON for programs. */
export async function startApplication (options: ApplicationOptions): Promise<Listening> {
  return await listenOnLoopback(createServer(application(options)), options.port)
}

function application ({ jwksUrl, issuer, audience }: ApplicationOptions): RequestListener {
  const keys = createRemoteJWKSet(new URL(jwksUrl))
  return (request, response) => {
    request.resume()
    readRequest(request, { keys, issuer, audience }).then((received) => {
      if (!wantsJson(request)) return response.writeHead(200, pageHeaders).end(applicationPage(received))
      return response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(received, null, 2))
    }).catch((error: unknown) => {
      console.error(error)
      response.writeHead(500).end()
    })
  }
}

function wantsJson (request: IncomingMessage): boolean {
  const { accept = '' } = request.headers
  return accept.includes('application/json') && !accept.includes('text/html')
}

if (import.meta.main) {
  const { port } = await startApplication({
    port: 4191,
    jwksUrl: 'http://localhost:4180/oidc/jwks',
    issuer: 'http://localhost:4180',
    audience: 'http://localhost:4191'
  })
  console.log(`application on http://localhost:${port}`)
}
