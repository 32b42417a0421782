/**
 * Microsoft Graph, as far as groups of people go: it answers in the form of graph.microsoft.com, pages and errors
 * included. Who may ask is decided by the permissions of the access token.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { type Test } from 'tap'
import { listenOnLoopback } from '../../demo/loopback.ts'

export interface GraphObject {
  readonly '@odata.type': '#microsoft.graph.group' | '#microsoft.graph.directoryRole'
  readonly id: string
  readonly displayName: string
  readonly securityEnabled?: boolean
  /** Whether the only way into it leads through a group that is no security group, such as a list that anybody may join. */
  readonly throughList?: boolean
}

export interface GraphAnswer {
  /** Default: 200. */
  readonly status?: number
  readonly headers?: OutgoingHttpHeaders
  readonly body: unknown
}

export interface GraphRequest {
  readonly method: string
  readonly url: URL
  /** Of a POST. */
  readonly body: unknown
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

/** Each enough by itself, or together (permissions of `getMemberObjects` and `transitiveMemberOf`). */
const readsAnybody = {
  getMemberObjects: ['User.Read.All', 'Directory.Read.All', 'User.ReadBasic.All GroupMember.Read.All'],
  transitiveMemberOf: ['User.Read.All', 'Directory.Read.All', 'GroupMember.Read.All']
}
const readsNames = ['GroupMember.Read.All', 'Directory.Read.All']

/** Starts one, which ends with the test. */
export async function startGraph (t: Test): Promise<Graph> {
  const server = createServer()
  const { port, close } = await listenOnLoopback(server, 0)
  t.teardown(close)
  const graph: Graph = { url: `http://localhost:${port}/v1.0`, requests: [], people: new Map(), tokens: new Map(), instead: [] }
  server.on('request', (incoming, response) => {
    received(incoming, graph).then(async (request) => await answerTo(request, graph)).then(({ status = 200, headers, body }) => {
      const type = { 'content-type': 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8', 'request-id': randomUUID() }
      response.writeHead(status, { ...type, ...headers }).end(typeof body === 'string' ? body : JSON.stringify(body))
    }, (error: unknown) => { t.fail('the directory failed', { error }) })
  })
  return graph
}

async function received (incoming: IncomingMessage, graph: Graph): Promise<GraphRequest> {
  const sent = await text(incoming)
  const request = { method: incoming.method ?? '', url: new URL(incoming.url ?? '/', graph.url), headers: incoming.headers, body: sent === '' ? undefined : JSON.parse(sent) as unknown }
  graph.requests.push(request)
  return request
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
  const [, me, user, action] = /^\/v1\.0\/(?:(me)|users\/([^/]+))\/(getMemberObjects|transitiveMemberOf)$/.exec(request.url.pathname) ?? []
  if (action !== 'getMemberObjects' && action !== 'transitiveMemberOf') return graphError(400, 'BadRequest', 'Resource not found for the segment.')
  if (request.method !== (action === 'getMemberObjects' ? 'POST' : 'GET')) return graphError(405, 'Request_BadRequest', 'Specified HTTP method is not allowed for the request target.')
  if (me !== undefined && token.me === undefined) return graphError(400, 'BadRequest', '/me request is only valid with delegated authentication flow.')
  const isOwn = me !== undefined && token.permissions.includes('User.Read')
  if (!isOwn && !readsAnybody[action].some((set) => set.split(' ').every((permission) => token.permissions.includes(permission)))) return graphError(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.')
  const objects = graph.people.get(token.me ?? user ?? '')
  if (objects === undefined) return graphError(404, 'Request_ResourceNotFound', `Resource '${user}' does not exist or one of its queried reference-property objects are not present.`)
  return action === 'getMemberObjects' ? memberObjects(objects, request.body, graph) : { body: pageOf(objects, request.url, token.permissions.some((permission) => readsNames.includes(permission))) }
}

/** With `securityEnabledOnly`, every group on the way has to be a security group. */
function memberObjects (objects: readonly GraphObject[], asked: unknown, graph: Graph): GraphAnswer {
  const { securityEnabledOnly } = Object(asked) as { securityEnabledOnly?: unknown }
  const found = objects.filter(({ securityEnabled, throughList = false }) => securityEnabledOnly !== true || (securityEnabled === true && !throughList))
  if (found.length > 11_000) return graphError(400, 'Directory_ResultSizeLimitExceeded', 'The result set exceeds the maximum size.')
  return { body: { '@odata.context': `${new URL(graph.url).origin}/v1.0/$metadata#Collection(Edm.String)`, value: found.map(({ id }) => id) } }
}

/** By `$top` and `$skiptoken`; what the token may not see is null (limited information for inaccessible objects). */
function pageOf (objects: readonly GraphObject[], url: URL, isWhole: boolean): Record<string, unknown> {
  const fields = (url.searchParams.get('$select') ?? 'id,displayName').split(',')
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
