/**
 * Microsoft Graph, as far as groups of people go: it answers in the form of graph.microsoft.com, pages and errors
 * included. Who may ask is decided by the permissions of the access token.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'

export interface GraphObject {
  readonly '@odata.type': '#microsoft.graph.group' | '#microsoft.graph.directoryRole'
  readonly id: string
  readonly displayName: string
  readonly securityEnabled?: boolean
}

export interface GraphAnswer {
  /** Default: 200. */
  readonly status?: number
  readonly headers?: OutgoingHttpHeaders
  readonly body: unknown
}

export interface GraphRequest {
  readonly url: URL
  readonly headers: IncomingMessage['headers']
}

export interface Graph {
  /** `http://localhost:PORT/v1.0` */
  readonly url: string
  readonly requests: GraphRequest[]
  /** Object ID of a person → what the person is in. */
  readonly people: Map<string, readonly GraphObject[]>
  /** Access token → its permissions; with `me`, whose it is. */
  readonly tokens: Map<string, { readonly permissions: readonly string[], readonly me?: string }>
  /** Answers in place of the true ones, each once. */
  readonly instead: Array<GraphAnswer | ((request: GraphRequest) => GraphAnswer | Promise<GraphAnswer>)>
}

/** A security group, unless it is said to be otherwise. */
export function group (index: number, more: Partial<GraphObject> = {}): GraphObject {
  return { '@odata.type': '#microsoft.graph.group', id: groupId(index), displayName: `Group ${index}`, securityEnabled: true, ...more }
}

export function groupId (index: number): string {
  return `aaaaaaaa-0000-1111-2222-${String(index).padStart(12, '0')}`
}

const readsUsers = ['User.Read.All', 'GroupMember.Read.All', 'Directory.Read.All']
const readsGroups = ['GroupMember.Read.All', 'Directory.Read.All']

/** Starts one, which ends with the test. */
export async function startGraph (t: Test): Promise<Graph> {
  const server = createServer()
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const graph: Graph = { url: `http://localhost:${port}/v1.0`, requests: [], people: new Map(), tokens: new Map(), instead: [] }
  server.on('request', (incoming, response) => {
    const request = { url: new URL(incoming.url ?? '/', graph.url), headers: incoming.headers }
    graph.requests.push(request)
    answerTo(request, graph).then(({ status = 200, headers, body }) => {
      const type = { 'content-type': 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8', 'request-id': randomUUID() }
      response.writeHead(status, { ...type, ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body))
    }, (error: unknown) => { t.fail('the directory failed', { error }) })
  })
  return graph
}

/** Graph's form of an error. */
export function graphError (status: number, code: string, message: string): GraphAnswer {
  const id = randomUUID()
  return { status, body: { error: { code, message, innerError: { date: '2026-11-22T08:00:00', 'request-id': id, 'client-request-id': id } } } }
}

export function throttled (retryAfter?: string): GraphAnswer {
  return { ...graphError(429, 'TooManyRequests', 'Too many requests'), headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } }
}

async function answerTo (request: GraphRequest, graph: Graph): Promise<GraphAnswer> {
  const instead = graph.instead.shift()
  if (instead !== undefined) return typeof instead === 'function' ? await instead(request) : instead
  const token = graph.tokens.get(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '')
  if (token === undefined) return graphError(401, 'InvalidAuthenticationToken', 'Access token validation failure. Invalid audience.')
  const [, version, me, user] = /^\/(v1\.0)\/(?:(me)|users\/([^/]+))\/transitiveMemberOf$/.exec(request.url.pathname) ?? []
  if (version === undefined) return graphError(400, 'BadRequest', 'Resource not found for the segment.')
  if (me !== undefined && token.me === undefined) return graphError(400, 'BadRequest', '/me request is only valid with delegated authentication flow.')
  const isAllowed = token.permissions.some((permission) => readsUsers.includes(permission) || (me !== undefined && permission === 'User.Read'))
  if (!isAllowed) return graphError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.')
  const objects = graph.people.get(token.me ?? user ?? '')
  if (objects === undefined) return graphError(404, 'Request_ResourceNotFound', `Resource '${user}' does not exist or one of its queried reference-property objects are not present.`)
  return { body: pageOf(objects, request.url, token.permissions.some((permission) => readsGroups.includes(permission))) }
}

/** By `$top` and `$skiptoken`; what the token may not see is null (limited information for inaccessible objects). */
function pageOf (objects: readonly GraphObject[], url: URL, isWhole: boolean): Record<string, unknown> {
  const fields = (url.searchParams.get('$select') ?? 'id,displayName,securityEnabled').split(',')
  const size = Number(url.searchParams.get('$top') ?? 100)
  const begin = Number(Buffer.from(url.searchParams.get('$skiptoken') ?? '', 'base64url').toString() || 0)
  const next = new URL(url)
  next.searchParams.set('$skiptoken', Buffer.from(String(begin + size)).toString('base64url'))
  return {
    '@odata.context': `${url.origin}/v1.0/$metadata#directoryObjects(${fields.join(',')})`,
    ...begin + size < objects.length && { '@odata.nextLink': next.href },
    value: objects.slice(begin, begin + size).map((object) => ({
      '@odata.type': object['@odata.type'],
      ...Object.fromEntries(fields.map((field) => [field, field === 'id' || isWhole ? object[field as keyof GraphObject] ?? null : null]))
    }))
  }
}
