/**
 * A provider that is honest except where a test says otherwise. It signs people in without asking, and each hook changes
 * one thing: `startRogueProvider(t, { idToken: (claims) => ({ ...claims, iss: 'https://other.example' }) })`.
 */
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { decodeJwt } from 'jose'
import { type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'
import { problem, Raw, send, sendBack } from './rogue-answers.ts'
import { type Body, type Claims, type RogueHooks } from './rogue-hooks.ts'
import { SigningKeys } from './rogue-keys.ts'
import { sawHeaders, sawParameters } from './secrets-seen.ts'

export { megabytes, raw, redirect } from './rogue-answers.ts'
export { otherRsaKey, unsigned, unusableKeys, withBrokenSignature } from './rogue-keys.ts'

export interface RogueOptions extends RogueHooks {
  /** Claims of the only person, in the id_token and in userinfo. */
  readonly claims?: Claims
  readonly clientId?: string
  readonly clientSecret?: string
  /** Whether it gives refresh tokens, each good once. Default: false. */
  readonly refreshes?: boolean
}

export type Endpoint = 'discovery' | 'par' | 'authorize' | 'token' | 'userinfo' | 'jwks' | 'introspection' | 'revocation' | 'end_session' | 'other'

export interface RogueRequest {
  readonly endpoint: Endpoint
  readonly method: string
  readonly url: URL
  readonly headers: IncomingMessage['headers']
  readonly form: URLSearchParams
}

export interface RogueProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  /** May be changed while it runs. */
  readonly hooks: RogueHooks
  readonly keys: SigningKeys
  readonly requests: readonly RogueRequest[]
  /** The requests that one endpoint got: `rogue.calls('userinfo').length`. */
  calls (endpoint: Endpoint): RogueRequest[]
}

const paths: Readonly<Record<string, Endpoint>> = {
  '/.well-known/openid-configuration': 'discovery',
  '/par': 'par',
  '/authorize': 'authorize',
  '/token': 'token',
  '/userinfo': 'userinfo',
  '/jwks': 'jwks',
  '/introspection': 'introspection',
  '/revocation': 'revocation',
  '/end-session': 'end_session'
}

const roguePerson: Claims = { sub: 'rogue-1', name: 'Robin Rogue', preferred_username: 'robin', email: 'robin@example.com', groups: ['cmdbsyncer-ops'] }

/** Starts a provider, which ends with the test. */
export async function startRogueProvider (t: Test, options: RogueOptions = {}): Promise<RogueProvider> {
  const server = createServer()
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const rogue = new Rogue(`http://localhost:${port}`, await SigningKeys.create(), options)
  server.on('request', (request, response) => {
    rogue.answer(request).then(async (body) => { await send(response, body) }).catch((error: unknown) => {
      response.destroy()
      t.fail('the rogue provider failed', { error })
    })
  })
  return rogue
}

interface Grant {
  readonly nonce: string | null
  readonly redirectUri: string | null
  readonly challenge: string | null
}

class Rogue implements RogueProvider {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  readonly hooks: RogueHooks
  readonly keys: SigningKeys
  readonly requests: RogueRequest[] = []
  readonly #claims: Claims
  readonly #grants = new Map<string, Grant>()
  readonly #refreshTokens: Set<string> | undefined
  readonly #pushed = new Map<string, URLSearchParams>()

  constructor (issuer: string, keys: SigningKeys, options: RogueOptions) {
    const { claims = roguePerson, clientId = 'doorward', clientSecret = 'a secret of the rogue, 32 bytes and more', refreshes = false, ...hooks } = options
    this.issuer = issuer
    this.keys = keys
    this.clientId = clientId
    this.clientSecret = clientSecret
    this.hooks = { ...hooks }
    this.#refreshTokens = refreshes ? new Set() : undefined
    this.#claims = { sub: roguePerson.sub, ...claims }
  }

  calls (endpoint: Endpoint): RogueRequest[] {
    return this.requests.filter((request) => request.endpoint === endpoint)
  }

  async answer (incoming: IncomingMessage): Promise<Body> {
    const { method = '', headers } = incoming
    const url = new URL(incoming.url ?? '/', this.issuer)
    const request = { endpoint: paths[url.pathname] ?? 'other', method, url, headers, form: new URLSearchParams(await text(incoming)) }
    this.requests.push(request)
    sawHeaders(headers)
    sawParameters(request.form)
    switch (request.endpoint) {
      case 'discovery': return await this.#discovery()
      case 'par': return await this.#push(request)
      case 'authorize': return await this.#authorize(url.searchParams)
      case 'token': return await this.#token(request)
      case 'userinfo': return await this.#userinfo(request)
      case 'jwks': return await this.#jwks()
      case 'introspection': return await this.#introspection(request)
      case 'revocation': return await this.hooks.revocation?.(request.form) ?? ''
      case 'end_session': return await this.#endSession(url.searchParams)
      case 'other': return new Raw({ status: 404 })
    }
  }

  async #discovery (): Promise<Body> {
    const { issuer } = this
    const document = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      pushed_authorization_request_endpoint: `${issuer}/par`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      introspection_endpoint: `${issuer}/introspection`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      ...(this.hooks.endSession !== undefined && { end_session_endpoint: `${issuer}/end-session` }),
      ...(this.hooks.revocation !== undefined && { revocation_endpoint: `${issuer}/revocation` })
    }
    return await this.hooks.discovery?.(document) ?? document
  }

  async #push (request: RogueRequest): Promise<Body> {
    if (!this.#isClient(request.form, request.headers.authorization)) return problem(401, 'invalid_client')
    const reference = `urn:ietf:params:oauth:request_uri:${randomBytes(16).toString('base64url')}`
    this.#pushed.set(reference, request.form)
    return await this.hooks.par?.(request) ?? new Raw({ status: 201, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ request_uri: reference, expires_in: 60 }) })
  }

  async #authorize (sent: URLSearchParams): Promise<Body> {
    const asked = this.#pushed.get(sent.get('request_uri') ?? '') ?? sent
    const code = randomBytes(16).toString('base64url')
    const redirectUri = asked.get('redirect_uri')
    this.#grants.set(code, { nonce: asked.get('nonce'), redirectUri, challenge: asked.get('code_challenge') })
    const honest = { code, state: asked.get('state') ?? '', iss: this.issuer }
    const parameters = await this.hooks.authorize?.(honest) ?? honest
    if (parameters instanceof Raw) return parameters
    if (asked.get('response_mode') === 'form_post') return formPost(redirectUri ?? '', parameters)
    return sendBack(redirectUri ?? this.issuer, parameters)
  }

  async #endSession (asked: URLSearchParams): Promise<Body> {
    const honest = { state: asked.get('state') ?? '' }
    return sendBack(asked.get('post_logout_redirect_uri') ?? this.issuer, await this.hooks.endSession?.(honest) ?? honest)
  }

  async #token ({ form, headers }: RogueRequest): Promise<Body> {
    if (form.get('grant_type') === 'refresh_token') return await this.#refresh(form, headers.authorization)
    if (form.get('grant_type') === 'client_credentials') return await this.#clientCredentials(form, headers.authorization)
    const grant = this.#grants.get(form.get('code') ?? '')
    this.#grants.delete(form.get('code') ?? '')
    if (!this.#isClient(form, headers.authorization)) return problem(401, 'invalid_client')
    if (grant === undefined || grant.redirectUri !== form.get('redirect_uri') || !matchesChallenge(grant, form)) return problem(400, 'invalid_grant')
    const answer = await this.#tokenAnswer(grant.nonce)
    const body = await this.hooks.token?.(answer, headers) ?? answer
    if (typeof body === 'object' && body !== null) sawParameters({ ...body })
    return body
  }

  async #clientCredentials (form: URLSearchParams, authorization: string | undefined): Promise<Body> {
    if (!this.#isClient(form, authorization)) return problem(401, 'invalid_client')
    return await this.hooks.clientCredentials?.(form) ?? problem(400, 'unauthorized_client')
  }

  async #refresh (form: URLSearchParams, authorization: string | undefined): Promise<Body> {
    if (!this.#isClient(form, authorization)) return problem(401, 'invalid_client')
    const given = form.get('refresh_token') ?? ''
    if (this.#refreshTokens?.has(given) !== true) return problem(400, 'invalid_grant')
    const answer = await this.#tokenAnswer(null)
    const body = await this.hooks.refresh?.(answer) ?? answer
    // Spent by whoever gets new tokens for it.
    if (!(body instanceof Raw)) this.#refreshTokens.delete(given)
    return body
  }

  async #tokenAnswer (nonce: string | null): Promise<Claims> {
    const refreshToken = randomBytes(24).toString('base64url')
    this.#refreshTokens?.add(refreshToken)
    const answer = {
      access_token: randomBytes(16).toString('base64url'),
      token_type: 'Bearer',
      expires_in: 3600,
      id_token: await this.#idToken(nonce),
      ...this.#refreshTokens !== undefined && { refresh_token: refreshToken }
    }
    sawParameters(answer)
    return answer
  }

  async #idToken (nonce: string | null): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: this.issuer, aud: this.clientId, iat: now, exp: now + 300, ...(nonce === null ? {} : { nonce }), ...this.#claims }
    const token = await this.hooks.idToken?.(claims, this.keys.header, this.keys) ?? claims
    // The header is read again: the hook may have rotated the keys.
    return typeof token === 'string' ? token : await this.keys.sign(token, this.keys.header)
  }

  async #userinfo ({ headers }: RogueRequest): Promise<Body> {
    if (headers.authorization === undefined || !/^(Bearer|DPoP) /.test(headers.authorization)) return problem(401, 'invalid_token')
    return await this.hooks.userinfo?.(this.#claims, headers) ?? this.#claims
  }

  async #jwks (): Promise<Body> {
    const set = { keys: [this.keys.publicKey] }
    return await this.hooks.jwks?.(set) ?? set
  }

  async #introspection ({ form, headers }: RogueRequest): Promise<Body> {
    if (!this.#isClient(form, headers.authorization)) return problem(401, 'invalid_client')
    return await this.hooks.introspection?.(form.get('token') ?? '') ?? { active: false }
  }

  /** Id and secret are form-encoded within Basic (RFC 6749 section 2.3.1). */
  #isClient (form: URLSearchParams, authorization: string | undefined): boolean {
    if (form.has('client_assertion')) return decodeJwt(form.get('client_assertion') ?? '').sub === this.clientId
    if (authorization === undefined) return form.get('client_id') === this.clientId && form.get('client_secret') === this.clientSecret
    const [id = '', secret = ''] = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString().split(':')
    const decoded = new URLSearchParams(`id=${id}&secret=${secret}`)
    return decoded.get('id') === this.clientId && decoded.get('secret') === this.clientSecret
  }
}

/** A page whose form a script would submit (OAuth 2.0 Form Post Response Mode section 2). */
function formPost (action: string, parameters: Readonly<Record<string, string | readonly string[]>>): Raw {
  const inputs = Object.entries(parameters).flatMap(([name, values]) => [values].flat().map((value) => `<input type="hidden" name="${name}" value="${value}"/>`))
  return new Raw({ headers: { 'content-type': 'text/html' }, body: `<form method="post" action="${action}">${inputs.join('')}</form>` })
}

function matchesChallenge ({ challenge }: Grant, form: URLSearchParams): boolean {
  if (challenge === null) return true
  return createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url') === challenge
}
