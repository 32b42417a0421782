/**
 * Names of header lines, for whoever drops or sets some. Owns how names are compared, and which of them mean so much
 * that not everybody may use them. It does not own what is said under them (pipeline/).
 */

/** The name as the most forgiving reader sees it: to CGI, WSGI and PHP, `X_A` and `x.a` are `X-A`. */
export function foldedName (name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '-')
}

/** Answered or set by Doorward itself. */
const ownHeaders = ['host', 'cookie', 'expect', 'forwarded', 'x-real-ip', 'x-request-id']

/**
 * Further forwarding headers that applications, frameworks and proxies believe. They are rebuilt from what Doorward
 * knows, or removed: none is taken over from a client.
 */
const forwardingHeaders = ['x-rewrite-url', 'x-client-ip', 'x-cluster-client-ip', 'true-client-ip', 'cf-connecting-ip', 'fastly-client-ip']

/** Names under which other gateways hand over an identity, and which applications believe for that reason. */
const foreignIdentityHeaders = ['remote-user', 'remote-email', 'remote-groups', 'remote-name', 'x-remote-user', 'client-cert', 'client-cert-chain', 'x-client-cert']

/** Rules decide on the method of the request: another one must not travel beside it. */
const methodOverrides = ['x-http-method', 'x-http-method-override', 'x-method-override']

/** CGI turns it into a setting of its own (CVE-2016-5385, httpoxy). */
const proxyOfCgi = 'proxy'

const notFromClients: ReadonlySet<string> = new Set([...ownHeaders, ...forwardingHeaders, ...foreignIdentityHeaders, ...methodOverrides, proxyOfCgi])
/**
 * Whatever begins so belongs to the headers above, is a claim as mod_auth_openidc passes it on, or an identity as we and
 * others do: oauth2-proxy's `X-Auth-Request-User` behind nginx. `X-Auth-Token` and `X-Auth-Key` are credentials that a
 * program shows to the application itself.
 */
const notFromClientsPrefix = /^(?:x-(?:forwarded|original)(?:-|$)|oidc-|x-auth-(?!(?:token|key)$)|x-webauth-|(?:x-)?ssl-client-)/

/** Whether what a client sends under the name goes no further, whatever is configured. @param folded as `foldedName` gives it */
export function isClosedToClients (folded: string): boolean {
  return notFromClients.has(folded) || notFromClientsPrefix.test(folded)
}

/** What framing and routing depend on (RFC 9110 section 7.6.1, RFC 9112 section 6), and what the assertion alone may say. */
const notFromTemplates: ReadonlySet<string> = new Set([...ownHeaders, 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'keep-alive', 'x-auth-assertion'])
const notFromTemplatesPrefix = /^(proxy|x-forwarded)-/

/** Whether no template of the configuration may set the header. @param folded as `foldedName` gives it */
export function isClosedToTemplates (folded: string): boolean {
  return notFromTemplates.has(folded) || notFromTemplatesPrefix.test(folded)
}
