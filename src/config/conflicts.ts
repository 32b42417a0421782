import { isOwnTarget } from '../own-routes.ts'
import { type Conflict } from './conflict.ts'
import { ruleConflicts } from './conflicts-access.ts'
import { clientConflicts, discoveryConflicts, profileConflicts, responseConflicts } from './conflicts-client.ts'
import { groupSourceConflicts } from './conflicts-group-source.ts'
import { bearerConflicts, type PlacedProviders, providerConflicts, referenceConflicts } from './conflicts-providers.ts'
import { redisConflicts } from './redis-conflicts.ts'
import { type Configuration, placedProviders, placedUpstreams } from './schema.ts'
import { durationText, isLoopback, portOf } from './values.ts'

/** Everything in a configuration that contradicts something else in it. */
export function checkTogether (configuration: Configuration): Conflict[] {
  const { server, admin, session, access } = configuration
  const providers = placedProviders(configuration)
  return [
    ...transportConflicts(server),
    ...listenConflicts(server.listen, admin.listen),
    ...proxyConflicts(server),
    ...forwardAuthConflicts(server),
    ...lifetimeConflicts(session),
    ...cookieConflicts(session.cookie, new URL(server.publicUrl)),
    ...redisConflicts(session),
    ...pseudonymConflicts(configuration.audit),
    ...providerConflicts(configuration),
    ...providers.flatMap(([place, provider]) => [...clientConflicts(place, provider), ...discoveryConflicts(place, provider), ...profileConflicts(place, provider), ...responseConflicts(place, provider, server.publicUrl), ...groupSourceConflicts(place, provider, configuration)]),
    ...referenceConflicts(configuration),
    ...ruleConflicts(configuration),
    ...upstreamConflicts(configuration),
    ...pathConflicts(configuration),
    ...bearerConflicts(providers, access),
    ...demoConflicts(providers, session, server)
  ]
}

/** The cookies follow the scheme of the public URL, and would be left without `Secure`. */
function transportConflicts ({ tls, publicUrl }: Configuration['server']): Conflict[] {
  if (tls === undefined || new URL(publicUrl).protocol === 'https:') return []
  return [{ settings: ['server.publicUrl', 'server.tls'], message: 'expected https, since server.tls is given' }]
}

const everywhere = ['0.0.0.0', '[::]']
/** What `localhost` may stand for, and itself. */
const loopback = ['127.0.0.1', '[::1]', 'localhost']

/** An address is taken once, and those of all interfaces with it. */
function listenConflicts (server: string, admin: string): Conflict[] {
  const port = portOf(server)
  const hosts = [server, admin].map((listen) => listen.slice(0, listen.lastIndexOf(':')).toLowerCase())
  const isOfAll = hosts.some((host) => everywhere.includes(host))
  const isOfLoopback = hosts.includes('localhost') && hosts.every((host) => loopback.includes(host))
  const isSamePort = port !== undefined && port === portOf(admin)
  const isShared = port !== 0 && (server === admin || (isSamePort && (isOfAll || isOfLoopback)))
  return isShared ? [{ settings: ['admin.listen', 'server.listen'], message: `server.listen (${server}) and admin.listen (${admin}) need different addresses` }] : []
}

/** A TCP connection that is gone has no address either, and must never be taken for one over a unix socket. */
function proxyConflicts ({ listen, trustedProxies }: Configuration['server']): Conflict[] {
  if (!trustedProxies.includes('unix') || listen.startsWith('unix:')) return []
  return [{ settings: ['server.trustedProxies', 'server.listen'], message: 'unix is meant for a server.listen such as unix:/run/doorward.sock' }]
}

function forwardAuthConflicts ({ forwardAuth, trustedProxies }: Configuration['server']): Conflict[] {
  if (!forwardAuth || trustedProxies.length > 0) return []
  return [{ settings: ['server.trustedProxies', 'server.forwardAuth'], message: 'expected the addresses of the proxies that may ask, since server.forwardAuth is true' }]
}

function lifetimeConflicts ({ idleTimeout, maxLifetime }: Configuration['session']): Conflict[] {
  if (idleTimeout <= maxLifetime) return []
  return [{
    settings: ['session.idleTimeout', 'session.maxLifetime'],
    message: `session.idleTimeout (${durationText(idleTimeout)}) must not be longer than session.maxLifetime (${durationText(maxLifetime)})`
  }]
}

/** Without a key, whoever has a list of people could compute the pseudonyms of all. */
function pseudonymConflicts ({ pseudonymize, pseudonymKey }: Configuration['audit']): Conflict[] {
  if (!pseudonymize || pseudonymKey !== undefined) return []
  return [{ settings: ['audit.pseudonymKey', 'audit.pseudonymize'], message: 'expected a key, since audit.pseudonymize is true; `doorward keygen` prints one' }]
}

/** What browsers refuse (RFC 6265bis sections 4.1.3, 5.7): the sign-in would never stick. */
function cookieConflicts ({ name = '', sameSite, domain }: Configuration['session']['cookie'], publicUrl: URL): Conflict[] {
  const conflicts: Conflict[] = []
  const plain = publicUrl.protocol !== 'https:'
  if (/^__(Host|Secure)-/i.test(name) && plain) conflicts.push({ settings: ['session.cookie.name', 'server.publicUrl'], message: `a cookie name with the prefix ${name.slice(0, name.indexOf('-') + 1)} needs https in server.publicUrl` })
  if (/^__Host-/i.test(name) && domain !== undefined) conflicts.push({ settings: ['session.cookie.name', 'session.cookie.domain'], message: 'a cookie name with the prefix __Host- can’t be combined with session.cookie.domain; expected __Secure- or no prefix' })
  if (sameSite === 'none' && plain) conflicts.push({ settings: ['session.cookie.sameSite', 'server.publicUrl'], message: 'none needs https in server.publicUrl' })
  if (domain !== undefined && !covers(domain, publicUrl.hostname)) conflicts.push({ settings: ['session.cookie.domain', 'server.publicUrl'], message: `expected the host of server.publicUrl (${publicUrl.hostname}) or a domain above it; found ${JSON.stringify(domain)}` })
  return conflicts
}

/** The domain is the host, or above it and more than a top-level domain, to which browsers give no cookie. */
function covers (domain: string, host: string): boolean {
  const name = domain.toLowerCase().replace(/^\./, '')
  if (name === host) return true
  const isAddress = /^[\d.]+$|^\[/.test(host)
  return !isAddress && name.includes('.') && host.endsWith(`.${name}`)
}

function upstreamConflicts ({ upstream, upstreams }: Configuration): Conflict[] {
  if (upstream === undefined && upstreams.length === 0) return [{ settings: ['upstream.url'], message: 'is required; or give upstreams' }]
  if (upstream !== undefined && upstreams.length > 0) return [{ settings: ['upstreams', 'upstream'], message: 'expected either upstream or upstreams' }]
  return []
}

/** Paths that do nothing: Doorward's own routes go before every application, and `/` has no segment to remove. */
function pathConflicts (configuration: Configuration): Conflict[] {
  const { basePath } = configuration.server
  return placedUpstreams(configuration).flatMap(([place, { path, stripPath }]) => {
    const settings = [`${place}.path`, 'server.basePath']
    if (isOwnTarget(path.toLowerCase(), basePath.toLowerCase())) return [{ settings, message: `expected a path that is not at or below server.basePath (${basePath}), where Doorward answers itself` }]
    if (stripPath && path === '/') return [{ settings: [`${place}.stripPath`, `${place}.path`], message: `there is nothing to remove, since ${place}.path is /` }]
    return []
  })
}

/** In every secret of the demo. They are public: whoever reads the sources could sign in as anybody. */
const demoMark = 'demo-only'

function demoConflicts (providers: PlacedProviders, { secret, previousSecrets }: Configuration['session'], server: Configuration['server']): Conflict[] {
  if (isLoopback(new URL(server.publicUrl)) && isLocal(server.listen)) return []
  const clientSecrets = Object.fromEntries(providers.map(([place, { clientSecret = '' }]) => [`${place}.clientSecret`, [clientSecret]]))
  const given = { ...clientSecrets, 'session.secret': [secret ?? ''], 'session.previousSecrets': previousSecrets }
  return Object.entries(given)
    .filter(([, secrets]) => secrets.some((text) => text.includes(demoMark)))
    .map(([setting]) => ({ settings: [setting], message: 'this is a secret of the demo, which everybody knows; it is accepted only while server.publicUrl and server.listen are on loopback' }))
}

function isLocal (listen: string): boolean {
  const url = URL.parse(`http://${listen}`)
  return listen.startsWith('unix:') || (url !== null && isLoopback(url))
}
