/**
 * Google's token endpoint for service accounts and its Directory API, as far as groups of people go: both answer in the
 * form of oauth2.googleapis.com and admin.googleapis.com, pages and errors included.
 */
import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { jwtVerify } from 'jose'
import { type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'

export interface GoogleAnswer {
  /** Default: 200. */
  readonly status?: number
  readonly headers?: OutgoingHttpHeaders
  readonly body: unknown
}

export interface GoogleDirectory {
  /** Of the API. */
  readonly url: string
  readonly tokenUrl: string
  /** The key file of the service account, as the console gives it out. */
  readonly keyFile: string
  /** Claims of the assertions that tokens were given for. */
  readonly assertions: Array<Readonly<Record<string, unknown>>>
  /** What the Directory API was asked. */
  readonly requests: URL[]
  /** Id of a person → addresses of groups. */
  readonly people: Map<string, readonly string[]>
  /** Answers in place of the true ones, each once. */
  readonly instead: { readonly token: GoogleAnswer[], readonly groups: GoogleAnswer[] }
}

export const administrator = 'admin@example.com'
const account = 'doorward@example-project.iam.gserviceaccount.com'
const scope = 'https://www.googleapis.com/auth/admin.directory.group.readonly'

/**
 * Starts one, which ends with the test. Domain-wide delegation holds for the scope of groups alone.
 *
 * @param now Google's clock, in milliseconds since the epoch
 */
export async function startGoogleDirectory (t: Test, now: () => number = Date.now): Promise<GoogleDirectory> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const server = createServer()
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const url = `http://localhost:${port}`
  const directory: GoogleDirectory = {
    url,
    tokenUrl: `${url}/token`,
    keyFile: JSON.stringify({
      type: 'service_account',
      project_id: 'example-project',
      private_key_id: '0123456789abcdef0123456789abcdef01234567',
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: account,
      client_id: '123456789012345678901',
      auth_uri: 'https://accounts.google.com/o/oauth2/auth',
      token_uri: 'https://oauth2.invalid/token',
      universe_domain: 'googleapis.com'
    }),
    assertions: [],
    requests: [],
    people: new Map(),
    instead: { token: [], groups: [] }
  }

  async function token (request: IncomingMessage): Promise<GoogleAnswer> {
    const form = new URLSearchParams(await text(request))
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') return tokenError(400, 'unsupported_grant_type', 'Invalid grant_type')
    const verified = await jwtVerify(form.get('assertion') ?? '', publicKey, { issuer: account, audience: directory.tokenUrl, algorithms: ['RS256'], maxTokenAge: '1h', currentDate: new Date(now()) }).catch(() => undefined)
    if (verified === undefined) return tokenError(400, 'invalid_grant', 'Invalid JWT Signature.')
    if (verified.payload['scope'] !== scope) return tokenError(401, 'unauthorized_client', 'Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.')
    directory.assertions.push({ ...verified.payload, kid: verified.protectedHeader.kid })
    return { body: { access_token: `for-${String(verified.payload.sub)}-${directory.assertions.length}`, expires_in: 3599, token_type: 'Bearer' } }
  }

  async function groups (request: IncomingMessage): Promise<GoogleAnswer> {
    const asked = new URL(request.url ?? '/', url)
    directory.requests.push(asked)
    const instead = directory.instead.groups.shift()
    if (instead !== undefined) return instead
    if (request.headers.authorization !== `Bearer for-${administrator}-${directory.assertions.length}`) return googleError(403, 'forbidden', 'Not Authorized to access this resource/api')
    const addresses = directory.people.get(asked.searchParams.get('userKey') ?? '')
    if (addresses === undefined) return googleError(404, 'notFound', 'Resource Not Found: userKey')
    return { body: pageOf(addresses, asked) }
  }

  server.on('request', (request, response) => {
    const answer = request.url === '/token' ? directory.instead.token.shift() ?? token(request) : groups(request)
    Promise.resolve(answer).then(({ status = 200, headers, body }) => {
      response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body))
    }, (error: unknown) => { t.fail('the directory failed', { error }) })
  })
  return directory
}

/** Google's form of an error of its APIs. */
export function googleError (status: number, reason: string, message: string): GoogleAnswer {
  return { status, body: { error: { code: status, message, errors: [{ message, domain: 'global', reason }] } } }
}

/** RFC 6749 section 5.2. */
export function tokenError (status: number, error: string, description: string): GoogleAnswer {
  return { status, body: { error, error_description: description } }
}

/** By `maxResults`, 200 at most, and `pageToken`. Without groups, the list is left out. */
function pageOf (addresses: readonly string[], asked: URL): Record<string, unknown> {
  const size = Math.min(Number(asked.searchParams.get('maxResults') ?? 200), 200)
  const begin = Number(Buffer.from(asked.searchParams.get('pageToken') ?? '', 'base64').toString() || 0)
  const page = addresses.slice(begin, begin + size)
  return {
    kind: 'admin#directory#groups',
    etag: '"x"',
    ...page.length > 0 && { groups: page.map((email, index) => ({ kind: 'admin#directory#group', id: `0${begin + index}`, etag: '"y"', email, name: email.split('@')[0], directMembersCount: '3', description: '', adminCreated: true, nonEditableAliases: [`${email}.test-google-a.com`] })) },
    ...begin + size < addresses.length && { nextPageToken: Buffer.from(`${begin + size}`).toString('base64') }
  }
}
