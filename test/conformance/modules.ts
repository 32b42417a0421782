/**
 * The modules by which the OpenID Foundation certifies relying parties (conformance suite, August 2026), under their
 * official names: what the provider does in each, and what Doorward does about it. docs/conformance.md is made of this
 * list and of the tests whose titles begin with these names.
 */
export interface ConformancePlan {
  readonly title: string
  /** Of the suite's own plan, where it has one. */
  readonly plan?: string
  readonly modules: readonly ConformanceModule[]
}

export type ConformanceModule = readonly [
  name: string,
  provider: string,
  doorward: string,
  /** Why there is nothing to test: a flow or an option that Doorward does not have. */
  notApplicable?: string
]

const hybrid = 'Doorward has the code flow alone: nothing but a code, its state and its issuer comes by way of the browser'
const dynamic = 'the client is registered by whoever runs the provider, and described in the configuration'

const basic: ConformancePlan = {
  title: 'Basic',
  plan: 'oidcc-client-basic-certification-test-plan',
  modules: [
    ['oidcc-client-test', 'nothing wrong; its key set also holds keys that a client may not know', 'signs in, and asks authorization, token and userinfo endpoint once each'],
    ['oidcc-client-test-invalid-iss', 'id_token of another issuer', 'rejects'],
    ['oidcc-client-test-missing-sub', 'id_token without `sub`', 'rejects'],
    ['oidcc-client-test-invalid-aud', 'id_token for another client', 'rejects'],
    ['oidcc-client-test-missing-iat', 'id_token without `iat`', 'rejects'],
    ['oidcc-client-test-kid-absent-single-jwks', 'no key id in the token, one key that fits', 'finds the key, signs in'],
    ['oidcc-client-test-kid-absent-multiple-jwks', 'no key id in the token, several keys that fit', 'rejects; to try each would be allowed too'],
    ['oidcc-client-test-idtoken-sig-rs256', 'signs with RS256, among keys of other kinds', 'verifies, signs in'],
    ['oidcc-client-test-idtoken-sig-none', 'id_token that nobody signed', 'rejects; to accept it from the token endpoint would be allowed too'],
    ['oidcc-client-test-invalid-sig-rs256', 'broken RS256 signature', 'rejects'],
    ['oidcc-client-test-userinfo-invalid-sub', 'userinfo about somebody else', 'rejects'],
    ['oidcc-client-test-nonce-invalid', 'another `nonce`', 'rejects'],
    ['oidcc-client-test-scope-userinfo-claims', 'claims of `profile`, `email`, `address` and `phone` from userinfo', 'asks for the scopes and takes the claims'],
    ['oidcc-client-test-client-secret-basic', 'accepts client_secret_basic alone', 'authenticates so, id and secret form-encoded first']
  ]
}

const configuration: ConformancePlan = {
  title: 'Configuration',
  plan: 'oidcc-client-config-certification-test-plan',
  modules: [
    ['oidcc-client-test-discovery-openid-config', 'publishes its metadata', 'reads them, and uses the endpoints named there'],
    ['oidcc-client-test-discovery-jwks-uri-keys', 'another address of its keys each time', 'takes the address from the metadata'],
    ['oidcc-client-test-discovery-issuer-mismatch', 'metadata that name another issuer', 'sends nobody there'],
    ['oidcc-client-test-idtoken-sig-none', 'id_token that nobody signed', 'rejects'],
    ['oidcc-client-test-signing-key-rotation-just-before-signing', 'new keys, made the moment before it signs', 'fetches the keys anew at once, signs in'],
    ['oidcc-client-test-signing-key-rotation', 'new keys between two sign-ins', 'fetches the keys anew, signs in both times']
  ]
}

const others: ConformancePlan = {
  title: 'Other plans of OpenID Connect',
  modules: [
    ['oidcc-client-test-refresh-token', 'gives a refresh token', 'uses it'],
    ['oidcc-client-test-refresh-token-invalid-issuer', 'refreshed id_token of another issuer', 'notices, and goes no further with it'],
    ['oidcc-client-test-refresh-token-invalid-sub', 'refreshed id_token about somebody else', 'notices, and goes no further with it'],
    ['oidcc-client-test-3rd-party-init-login', 'sends the browser to the address that begins a sign-in, with its issuer', 'begins an ordinary sign-in'],
    ['oidcc-client-test-form-post-error', 'posts an error to the callback', 'says that the sign-in was not granted'],
    ['oidcc-client-test-nonce-unless-code-flow', 'an implicit or a hybrid flow', 'sends a `nonce` in the code flow too', hybrid],
    ['oidcc-client-test-missing-aud', 'id_token without `aud`', 'rejects'],
    ['oidcc-client-test-invalid-sig-hs256', 'broken HS256 signature', 'rejects; HS256 is accepted from nobody'],
    ['oidcc-client-test-invalid-sig-es256', 'broken ES256 signature', 'rejects'],
    ['oidcc-client-test-missing-athash', 'no `at_hash` where the flow demands one', 'needs none from the token endpoint', hybrid],
    ['oidcc-client-test-invalid-athash', 'an `at_hash` of another access token', 'rejects, in the code flow too'],
    ['oidcc-client-test-missing-chash', 'no `c_hash` in a hybrid flow', 'rejects an id_token that comes with the code', hybrid],
    ['oidcc-client-test-invalid-chash', 'a `c_hash` of another code', 'rejects an id_token that comes with the code', hybrid],
    ['oidcc-client-test-userinfo-bearer-header', 'looks for the access token in the header', 'sends it there, and only there'],
    ['oidcc-client-test-userinfo-bearer-body', 'looks for the access token in a form', 'sends it in the header', 'every provider takes the header, which RFC 6750 section 2.2 prefers'],
    ['oidcc-client-test-userinfo-signed', 'userinfo as a signed token', 'verifies it like an id_token'],
    ['oidcc-client-test-aggregated-claims', 'claims in a token of somebody else’s, beside its own', 'signs in with its own; the others count for nothing'],
    ['oidcc-client-test-distributed-claims', 'claims that are to be fetched elsewhere', 'signs in with its own, and fetches nothing: the address could be anybody’s. Groups that are nowhere else sign nobody in'],
    ['oidcc-client-test-mtls-endpoint-aliases', 'other endpoints for clients with a certificate', 'uses them with the certificate'],
    ['oidcc-client-test-discovery-webfinger-acct', 'is found by a person’s account', 'goes to the provider of the configuration', dynamic],
    ['oidcc-client-test-discovery-webfinger-url', 'is found by a person’s address', 'goes to the provider of the configuration', dynamic],
    ['oidcc-client-test-dynamic-registration', 'registers clients by itself', 'does not register', dynamic],
    ['oidcc-client-test-request-uri-signed-none', 'fetches the request from the client', 'sends the request itself', dynamic],
    ['oidcc-client-test-request-uri-signed-rs256', 'fetches the signed request from the client', 'sends the request itself', dynamic]
  ]
}

const backchannel = (more: string, provider: string): ConformanceModule => [`oidcc-client-test-rp-backchannel-rpinitlogout-${more}`, `logout token ${provider}`, 'refuses it with 400']

const logout: ConformancePlan = {
  title: 'Logout',
  modules: [
    ['oidcc-client-test-rp-init-logout', 'ends its session, and sends the browser back', 'ends its own first, and shows where things stand'],
    ['oidcc-client-test-rp-init-logout-other-state', 'sends the browser back with another `state`', 'does not rely on it'],
    ['oidcc-client-test-rp-init-logout-no-state', 'sends the browser back without `state`', 'does not rely on it'],
    ['oidcc-client-test-rp-backchannel-rpinitlogout', 'posts a logout token, with claims and fields that nobody knows', 'ends the session, answers 200 that is not to be stored'],
    backchannel('alg-none', 'that nobody signed'),
    backchannel('wrong-alg', 'with another algorithm than id_tokens'),
    backchannel('with-nonce', 'with a `nonce`'),
    backchannel('no-event', 'without `events`'),
    backchannel('wrong-event', 'of another event'),
    backchannel('wrong-aud', 'for another client'),
    backchannel('wrong-iss', 'of another issuer'),
    ['oidcc-client-test-rp-frontchannel-rpinitlogout', 'opens the logout address in a frame, after a sign-out here', 'ends the session'],
    ['oidcc-client-test-rp-frontchannel-opinitlogout', 'opens the logout address in a frame, after a sign-out there', 'ends the session'],
    ['oidcc-client-test-session-management', 'tells by a frame whether its session goes on', 'does not ask', 'browsers keep cookies from such frames by now; back-channel logout reaches Doorward without one']
  ]
}

const fapiClient = (name: string, provider: string, doorward: string): ConformanceModule => [`fapi2-security-profile-final-client-test-${name}`, provider, doorward]

const fapi: ConformancePlan = {
  title: 'FAPI 2.0',
  plan: 'fapi2-security-profile-final-client-test-plan',
  modules: [
    fapiClient('happy-path', 'pushed requests, sender-constrained tokens with a nonce of the server, decoy keys of the same id', 'signs in'),
    fapiClient('happy-path-no-dpop-nonce', 'the same without a nonce of the server', 'signs in'),
    fapiClient('discovery-issuer-mismatch', 'metadata that name another issuer', 'sends nobody there'),
    fapiClient('invalid-iss', 'id_token of another issuer', 'rejects'),
    fapiClient('missing-iss', 'id_token without `iss`', 'rejects'),
    fapiClient('invalid-aud', 'id_token for another client', 'rejects'),
    fapiClient('missing-aud', 'id_token without `aud`', 'rejects'),
    fapiClient('invalid-secondary-aud', 'id_token for somebody else too', 'rejects'),
    fapiClient('valid-aud-as-array', 'audience as a list of one', 'signs in'),
    fapiClient('invalid-expired-exp', 'id_token that expired five minutes ago', 'rejects, and the log compares the clocks'),
    fapiClient('invalid-missing-exp', 'id_token without `exp`', 'rejects'),
    fapiClient('invalid-nonce', 'another `nonce`', 'rejects'),
    fapiClient('missing-nonce', 'id_token without `nonce`', 'rejects'),
    fapiClient('invalid-null-alg', 'id_token that nobody signed', 'rejects'),
    fapiClient('invalid-alternate-alg', 'an algorithm that was not announced', 'rejects'),
    fapiClient('invalid-authorization-response-iss', 'response of another issuer', 'rejects, and redeems no code'),
    fapiClient('remove-authorization-response-iss', 'response without the `iss` that was announced', 'rejects, and redeems no code'),
    fapiClient('ensure-authorization-response-with-invalid-state-fails', 'response with another `state`', 'rejects, and redeems no code'),
    fapiClient('ensure-authorization-response-with-invalid-missing-state-fails', 'response without `state`', 'rejects, and redeems no code'),
    fapiClient('token-endpoint-response-without-expires_in', 'does not say how long the access token lives', 'signs in'),
    fapiClient('token-type-case-insensitivity', 'token type in another case', 'signs in'),
    fapiClient('rs-dpop-auth-scheme-case-insensitivity', 'DPoP challenge in another case', 'answers it'),
    fapiClient('refresh-token-test', 'refuses an access token once, and replaces refresh tokens', 'refreshes, and goes on with the new ones')
  ]
}

export const conformancePlans: readonly ConformancePlan[] = [basic, configuration, others, logout, fapi]
