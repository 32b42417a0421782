import { type FastifyRequest } from 'fastify'
import { Problem } from '../errors.ts'
import { checkUrl } from '../own-routes.ts'
import { type Asked } from '../pipeline/index.ts'
import { type MessageHead, peerAddress, type RequestOrigin } from '../request-origin/index.ts'

export interface AskedAboutParts {
  readonly basePath: string
  /** Those that a request for an application may have. */
  readonly methods: ReadonlySet<string>
  readonly originOf: (message: MessageHead) => RequestOrigin
}

/**
 * The request that a trusted proxy asks about. Every header below may also come from the client, through a proxy that
 * does not set it itself (CVE-2026-40575): so each may stand there once, and whatever two of them say must be the same.
 *
 * @throws {Problem} where it isn't clear; its `cause` tells what the proxy has to send
 */
export function askedAbout (request: FastifyRequest, { basePath, methods, originOf }: AskedAboutParts): Asked {
  const { id, headers, raw } = request
  const suffix = suffixOf(request.originalUrl, checkUrl(basePath))
  const original = originalUrl(onlyLine(raw.rawHeaders, 'X-Original-URL'))
  const targets = [suffix, onlyLine(raw.rawHeaders, 'X-Forwarded-Uri'), original?.target]
  const asked = [suffix === undefined ? undefined : request.method, onlyLine(raw.rawHeaders, 'X-Forwarded-Method'), onlyLine(raw.rawHeaders, 'X-Original-Method')]
  const method = agreed(asked, 'X-Forwarded-Method or X-Original-Method')
  if (!methods.has(method)) throw unclear('X-Forwarded-Method or X-Original-Method has to be a method of HTTP that is passed on to applications')
  return {
    id,
    method,
    originalUrl: agreed(targets, 'X-Forwarded-Uri or X-Original-URL'),
    headers,
    raw,
    origin: ofClient(knownOrigin(original === undefined ? request.origin : originNamed(original.host, request, originOf)), peerAddress(raw.socket.remoteAddress))
  }
}

/** Envoy writes the target behind the path that it was told, as it is. A query here is the proxy's own, or what Caddy leaves of the client's. */
function suffixOf (target: string, check: string): string | undefined {
  if (!target.startsWith(check)) throw new Problem('not_found')
  const rest = target.slice(check.length)
  return rest.startsWith('/') ? rest : undefined
}

const forNginx = '?proxy=nginx'

/** Whether the answer has to be one that nginx' auth_request understands. */
export function isForNginx (target: string, basePath: string): boolean {
  return target === checkUrl(basePath) + forNginx
}

/** The value of a header; `undefined` where there is none. @throws {Problem} where there are several */
function onlyLine (raw: readonly string[], name: string): string | undefined {
  const lower = name.toLowerCase()
  const lines = raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === lower)
  if (lines.length > 1) throw unclear(`${name} came more than once: the proxy has to replace what a client sends under this name`)
  return lines[0]
}

/** Bytes, not a URL: the target is decided on as it stands, and parsing would tidy it up. */
const absoluteUrl = /^https?:\/\/([^/?#]+)(\/.*)$/i

function originalUrl (text: string | undefined): { host: string, target: string } | undefined {
  if (text === undefined) return undefined
  const [, host, target] = absoluteUrl.exec(text) ?? []
  if (host === undefined || target === undefined) throw unclear('X-Original-URL has to be a whole URL with a path, such as $scheme://$http_host$request_uri in nginx')
  return { host, target }
}

function agreed (values: ReadonlyArray<string | undefined>, names: string): string {
  const [value, ...others] = new Set(values.filter((each) => each !== undefined))
  if (value === undefined) throw unclear(`the proxy has to send ${names}`)
  if (others.length > 0) throw unclear(`the proxy has to send ${names}, and to remove the other, which says something else`)
  return value
}

/** The host of X-Original-URL counts like that of X-Forwarded-Host. */
function originNamed (host: string, { raw, origin }: FastifyRequest, originOf: AskedAboutParts['originOf']): RequestOrigin {
  const named = originOf({ socket: raw.socket, rawHeaders: raw.rawHeaders, headers: { ...raw.headers, 'x-forwarded-host': host } })
  const isNamedTwice = raw.headers['x-forwarded-host'] !== undefined
  if (isNamedTwice && (origin.hostProblem !== undefined || named.host !== origin.host)) throw unclear('X-Original-URL and X-Forwarded-Host name different hosts: the proxy has to remove one of them')
  return named
}

function knownOrigin (origin: RequestOrigin): RequestOrigin {
  if (origin.hostProblem !== undefined) throw origin.hostProblem
  return origin
}

/** A proxy that asks is not the client: where it does not say who is, a rule for its own address must not hold. */
function ofClient (origin: RequestOrigin, peer: string): RequestOrigin {
  const isTold = origin.forwardedFor.length > (peer === '' ? 0 : 1)
  return isTold ? origin : { ...origin, clientAddress: '' }
}

function unclear (cause: string): Problem {
  return new Problem('request_invalid', { detail: 'The proxy in front of this site did not say clearly which request it asks about.', cause })
}
