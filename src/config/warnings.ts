import { addressWarnings } from './conflicts-access.ts'
import { type Configuration, placedProviders, placedUpstreams, type ProviderConfiguration } from './schema.ts'
import { isLoopback } from './values.ts'

/** What is valid and still should be known to whoever runs this. */
export function warningsFor (configuration: Configuration): string[] {
  const { session, access, assertion } = configuration
  const providers = placedProviders(configuration)
  const warnings = {
    'session.secret is not given: a random one is made at every start, so everybody has to sign in again after a restart, and several replicas do not accept each other’s sessions': session.secret === undefined,
    'session.redis.url is not given: a session that is ended before its time, by signing out or by the provider, ends at this replica alone; several replicas need a Redis to share': session.redis.url === undefined,
    'session.store is memory: sessions are lost when this process ends, and no other replica knows them': session.store === 'memory',
    'session.redis.url begins with redis://: who listens on the way learns the password and can change what is sent; rediss:// speaks TLS': isPlainText(session.redis.url),
    'assertion.key is not given: one is generated at every start, so applications have to fetch the JWKS again after a restart, and several replicas sign with different keys': assertion.key === undefined,
    ...Object.fromEntries(providers.map(([place, provider]) => [`${place}.clientSecret is not given, and no key or certificate: the provider has to be content with the client id; clientAuth: none says that this is meant`, hasForgottenSecret(provider)])),
    ...Object.fromEntries(providers.map(([place, { pkce }]) => [`${place}.pkce is false: a stolen authorization code can be used by whoever has it`, !pkce])),
    ...Object.fromEntries(providers.map(([place, { bearer }]) => [`${place}.bearer.introspection.requireAudience is false: a token that the provider issued for any other application opens this one too`, !bearer.introspection.requireAudience])),
    ...Object.fromEntries(providers.map(([place, { groupSource }]) => [`${place}.groupSource.names is displayName: names of groups are not unique at Entra ID, and whoever may make a group there can give it the name that opens a door here`, groupSource.names === 'displayName'])),
    'claims.roles is common to several providers: each of them can give every role that no `when` in roles.mapping keeps for others; set it at the provider that may, and limit it by roles.allow': configuration.claims.roles !== undefined && providers.length > 1,
    ...Object.fromEntries(placedUpstreams(configuration).map(([place, { tls }]) => [`${place}.tls.verify is false: whoever can answer at the application’s address receives every request`, !tls.verify])),
    'access.default is anonymous and there are no rules: everything can be reached without signing in': access.default === 'anonymous' && access.rules.length === 0
  }
  return [...Object.entries(warnings).filter(([, applies]) => applies).map(([text]) => text), ...addressWarnings(access)]
}

/** Nothing to show, and not said to be a public client: the provider would say so only when the first person signs in. */
function hasForgottenSecret ({ clientAuth, clientSecret, clientKey, clientCertificate }: ProviderConfiguration): boolean {
  return clientAuth === 'auto' && (clientSecret ?? clientKey ?? clientCertificate) === undefined
}

/** Over a network; what stays on this machine nobody else reads. */
function isPlainText (url: string | undefined): boolean {
  const parsed = url === undefined ? null : URL.parse(url)
  return parsed?.protocol === 'redis:' && !isLoopback(parsed)
}
