/** One suite for every set of identity headers: what it says, that nobody else can say it, and that no claim breaks out of it. */
import t, { type Test } from 'tap'
import { createIdentityProfile, type ProfileSettings } from '../../src/pipeline/identity-profile.ts'
import { type Principal } from '../../src/pipeline/header-profile.ts'
import { Browser } from '../support/browser.ts'
import { exchange, parseMessage, requestText } from '../support/raw-socket.ts'
import { type RogueGateway, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { answerOnce, startByteRecorder } from '../support/upstream.ts'

type Claims = Readonly<Record<string, unknown>>
type HeaderSettings = Readonly<Record<string, unknown>>

const token = 'the-access-token-of-this-test'
const robin = { sub: 'rogue-1', name: 'Zoë Robin', preferred_username: 'robin', email: 'robin@example.com', groups: ['ops', 'R&D, Berlin'], department: 'eng' }

interface Started extends RogueGateway {
  /** The lines about the person that the application receives. */
  receive (claims?: Claims): Promise<string[]>
  /** What the application receives of a request in which a client says these things. */
  send (target: string, headers: ReadonlyArray<readonly [string, string]>): Promise<string>
}

async function start (t: Test, headers: HeaderSettings): Promise<Started> {
  const recorder = await startByteRecorder(t, answerOnce('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'))
  const setup = await startRogueGateway(t, {
    rogue: { claims: robin, token: (answer) => ({ ...answer, access_token: token }) },
    upstream: recorder.url,
    configuration: { headers, access: { rules: [{ path: '/public/**', allow: 'anonymous' }] } }
  })
  async function send (target: string, lines: ReadonlyArray<readonly [string, string]>): Promise<string> {
    await exchange(setup.gateway.port, requestText('GET', target, lines))
    return recorder.connections.splice(0).join('\n')
  }
  return {
    ...setup,
    send,
    async receive (claims = {}) {
      setup.rogue.hooks.idToken = (honest) => ({ ...honest, ...claims, iat: 1_700_000_000, nonce: honest['nonce'] })
      setup.rogue.hooks.userinfo = (honest) => ({ ...honest, ...claims })
      const received = await send('/', [['Cookie', await signedInCookie(setup.gateway)]])
      if (parseMessage(received).body !== '') throw new Error(`more than one request:\n${received}`)
      return identityLines(received)
    }
  }
}

/** Without what routes the request, and without what is another at every sign-in. */
function identityLines (received: string): string[] {
  return parseMessage(received).headers
    .filter(([name]) => /^(X-Auth|OIDC|X-Remote|X-Forwarded-(?!For|Proto|Host|Port)|X-Department)/i.test(name))
    .filter(([name]) => !/^(X-Auth-Assertion|OIDC_CLAIM_(nonce|exp|iss)|OIDC_access_token_expires)$/.test(name))
    .map(([name, value]) => `${name}: ${Buffer.from(value, 'latin1').toString()}`)
}

const doorward = ['X-Auth-User: robin', 'X-Auth-Subject: rogue-1', 'X-Auth-Email: robin@example.com', 'X-Auth-Name: Zo%C3%AB Robin', 'X-Auth-Groups: ops,R&D%2C Berlin']
const oauth2Proxy = ['X-Forwarded-Email: robin@example.com', 'X-Forwarded-Groups: ops', 'X-Forwarded-Preferred-Username: robin', 'X-Forwarded-User: rogue-1']
const claims = ['OIDC_CLAIM_sub: rogue-1', 'OIDC_CLAIM_name: Zoë Robin', 'OIDC_CLAIM_preferred_username: robin', 'OIDC_CLAIM_email: robin@example.com', 'OIDC_CLAIM_groups: ops,R&D, Berlin', 'OIDC_CLAIM_department: eng', 'OIDC_CLAIM_aud: doorward', 'OIDC_CLAIM_iat: 1700000000']
const accessToken = `OIDC_access_token: ${token}`

/** Title → settings, and what the application receives about robin. */
const cases: Readonly<Record<string, readonly [headers: HeaderSettings, lines: readonly string[]]>> = {
  'the default': [{}, doorward],
  none: [{ profiles: [] }, []],
  mod_auth_openidc: [{ profiles: ['mod_auth_openidc'] }, [...claims, accessToken, 'X-Remote-User: rogue-1@ISSUER']],
  'mod_auth_openidc without the access token': [{ profiles: ['mod_auth_openidc'], accessToken: false }, [...claims, 'X-Remote-User: rogue-1@ISSUER']],
  'oauth2-proxy': [{ profiles: ['oauth2-proxy'] }, oauth2Proxy],
  'oauth2-proxy with the access token': [{ profiles: ['oauth2-proxy'], accessToken: true }, [`X-Forwarded-Access-Token: ${token}`, ...oauth2Proxy]],
  'doorward, which has no header for the access token': [{ profiles: ['doorward'], accessToken: true }, doorward],
  'all of them, one of them twice': [{ profiles: ['oauth2-proxy', 'doorward', 'mod_auth_openidc', 'doorward'] }, [...oauth2Proxy, ...doorward, ...claims, accessToken, 'X-Remote-User: rogue-1@ISSUER']],
  'templates, which replace a profile’s header of the same name': [
    { profiles: ['mod_auth_openidc'], accessToken: false, set: { 'X-Remote-User': '{user}', 'oidc-claim-department': '{claims.none}', 'X-Department': '{claims.department}' } },
    [...claims.filter((line) => !line.includes('department')), 'X-Remote-User: robin', 'X-Department: eng']
  ]
}

for (const [title, [headers, expected]] of Object.entries(cases)) {
  t.test(`${title}: the application is told who asks`, async (t) => {
    const { receive, rogue } = await start(t, headers)
    t.strictSame(await receive(), expected.map((line) => line.replace('ISSUER', rogue.issuer)))
  })
}

t.test('where commas can’t be escaped, a group whose name holds one is left out: it never counts for two', async (t) => {
  const { receive } = await start(t, { profiles: ['oauth2-proxy'] })
  const groups = async (...names: string[]) => (await receive({ groups: names })).filter((line) => line.startsWith('X-Forwarded-Groups'))
  t.strictSame(await groups('ops', 'x,admin', 'dev'), ['X-Forwarded-Groups: ops,dev'])
  t.strictSame(await groups(',admin', 'admin,', ','), [])
})

const everything = { profiles: ['doorward', 'mod_auth_openidc', 'oauth2-proxy'], accessToken: true }
const mark = 'spoofed-by-the-client'
const spellings: ReadonlyArray<(name: string) => string> = [
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.replaceAll(/[-_]/g, '_'),
  (name) => name.replaceAll(/[-_]/g, '-'),
  (name) => name.replaceAll(/[-_]/g, '.'),
  (name) => name.replace(/[-_]/, '~').toUpperCase(),
  (name) => name.replace(/[-_](?=[^-_]*$)/, '!')
]
const never = ['OIDC_CLAIM_admin', 'OIDC_CLAIM_', 'OIDC_id_token', 'OIDC_refresh_token', 'OIDC_userinfo_json', 'OIDC_x']

for (const profiles of [[], ['doorward'], ['mod_auth_openidc'], ['oauth2-proxy'], everything.profiles]) {
  t.test(`with ${profiles.join(', ') || 'no profile'}, a client can say none of it, signed in or not`, async (t) => {
    const { send, gateway, receive } = await start(t, { profiles, accessToken: true })
    const names = new Set([...Object.values(cases).flatMap(([, lines]) => lines).map((line) => line.slice(0, line.indexOf(':'))), ...(await receive()).map((line) => line.slice(0, line.indexOf(':'))), ...never])
    const spoofed = [...names].flatMap((name) => [...new Set(spellings.map((spell) => spell(name)))].map((spelling) => [spelling, mark] as const)).filter(([name]) => !/department$/i.test(name))
    for (const [target, session] of [['/public/x', []], ['/public/x', [['Cookie', await signedInCookie(gateway)] as const]], ['/', [['Cookie', await signedInCookie(gateway)] as const]]] as const) {
      const received = await send(target, [...spoofed, ...session])
      t.match(received, /^GET /)
      t.strictSame(received.split('\r\n').filter((line) => line.includes(mark)), [], target)
      if (session.length === 0) t.strictSame(identityLines(received), [], 'nobody is signed in, and nothing is said of anybody')
    }
  })
}

const hostile = ['a\r\nX-Auth-Roles: admin', 'a\rX-Remote-User: admin', 'a\nb', '\r\n\r\nGET /admin HTTP/1.1\r\n\r\n', 'a\0b', '\x01\x1b[31m\x7f', '\u0085\u2028', ' both ends ', '\t', 'Zoë 日本 😀', 'lone \ud800', 'x'.repeat(500)]

for (const encoding of ['percent', 'base64url', 'latin1']) {
  t.test(`no claim breaks out of any header, written as ${encoding}`, async (t) => {
    const { receive } = await start(t, { ...everything, encoding })
    const everywhere = (value: string) => ({ ...robin, preferred_username: value, name: value, email: value, groups: [value, 'ops'], department: { [value]: [value] }, 'odd name': value })
    const namesOf = (lines: readonly string[]) => lines.map((line) => line.slice(0, line.indexOf(':')))
    const benign = namesOf(await receive(everywhere('benign')))
    for (const value of hostile) {
      const lines = await receive(everywhere(value))
      const title = encodeURIComponent(value.slice(0, 30).toWellFormed())
      t.strictSame(namesOf(lines), benign, title)
      // eslint-disable-next-line no-control-regex -- controls are what must not be there
      t.notOk(lines.some((line) => /[\x00-\x1f\x7f]/.test(line)), `${title}: no control characters`)
    }
  })
}

t.test('no claim’s name breaks out of its header', async (t) => {
  const { receive } = await start(t, { profiles: ['mod_auth_openidc'], accessToken: false })
  const names = [...hostile, 'a: b', ':', 'X-Auth-User: admin']
  const lines = await receive(Object.fromEntries(names.map((name) => [name, 'value'])))
  t.ok(lines.every((line) => /^(OIDC_CLAIM_[\w.-]*|X-Remote-User): [^\r\n]*$/.test(line)), 'every line is one of the profile’s', { lines })
})

t.test('claims that are nested without end are cut, and a session that does not fit is said to be too large', async (t) => {
  const { receive, gateway, rogue } = await start(t, { profiles: ['mod_auth_openidc'] })
  let nested: unknown = 'bottom'
  for (let depth = 0; depth < 1_000; depth++) nested = { a: nested }
  t.match((await receive({ nested })).find((line) => line.startsWith('OIDC_CLAIM_nested')), /^OIDC_CLAIM_nested: (\{"a": ){31}null\}+$/)
  rogue.hooks.idToken = (honest) => ({ ...honest, large: 'x'.repeat(20_000) })
  const page = await new Browser().open(`${gateway.origin}/`)
  t.equal(page.status, 500)
  t.strictSame(gateway.audit.at(-1)?.['reason'], 'session_too_large')
})

t.test('claims and tokens that no header needs are not in the session', async (t) => {
  const { receive, rogue } = await start(t, { profiles: ['doorward', 'oauth2-proxy'] })
  rogue.hooks.token = (honest) => ({ ...honest, access_token: 'x'.repeat(14_000) })
  t.strictSame(await receive({ large: 'x'.repeat(20_000) }), [...doorward, ...oauth2Proxy], 'they would not have fitted')
})

t.test('the access token is told to the application alone', async (t) => {
  const { gateway, send } = await start(t, { ...everything, set: { 'X-Department': '{claims.department}' } })
  const browser = new Browser()
  const cookie = await signedInCookie(gateway, browser)
  const received = await send('/', [['Cookie', cookie]])
  t.equal(received.split(token).length, 3, 'in the two headers')
  const assertion = /X-Auth-Assertion: [^.]*\.([^.]*)\./.exec(received)?.[1] ?? ''
  const session = await browser.get(`${gateway.origin}/oidc/session`)
  const told = { assertion: Buffer.from(assertion, 'base64url').toString(), session: session.text, log: gateway.logs.join(''), audit: gateway.auditLines.join(''), cookie }
  for (const [place, text] of Object.entries(told)) {
    t.not(text, '', place)
    t.notOk(text.includes(token), place)
  }
  t.strictSame(Object.keys(session.json() as object).filter((name) => /claim|token/i.test(name)), [])
})

const principal: Principal = {
  identity: { sub: 's', user: 'u', provider: 'default', groups: ['g'], roles: [], organizations: {}, projects: {}, attributes: {}, claims: {} },
  allClaims: { iss: 'https://idp.example.com/tenant/', sub: 's' },
  tokens: { accessToken: 'a', accessTokenExpiresAt: 1 }
}

for (const name of ['doorward', 'mod_auth_openidc', 'oauth2-proxy'] as const) {
  const settings: ProfileSettings = { profiles: [name], encoding: 'percent', accessToken: true, templates: [] }

  t.test(`${name}: headers are prepared once for a session, and anew for another`, async (t) => {
    const profile = createIdentityProfile(settings, Date.now)
    const lines = profile.headersOf(principal)
    t.ok(lines.length > 0)
    t.equal(profile.headersOf(principal), lines)
    const refreshed = { ...principal, identity: { ...principal.identity, sub: 't' }, allClaims: { ...principal.allClaims, sub: 't' }, tokens: { accessToken: 'b' } }
    t.not(profile.headersOf(refreshed), lines)
    t.strictSame(lines, profile.headersOf(principal))
  })

  t.test(`${name}: of somebody whose claims and tokens are not known, the rest is told`, async (t) => {
    const lines = createIdentityProfile(settings, Date.now).headersOf({ identity: principal.identity })
    t.notOk(lines.some((text) => text === '' || text.includes('undefined')))
  })
}

t.test('the scheme of an https issuer is not part of the remote user, as in REMOTE_USER', async (t) => {
  const { headersOf } = createIdentityProfile({ profiles: ['mod_auth_openidc'], encoding: 'percent', accessToken: false, templates: [] }, Date.now)
  t.strictSame(headersOf(principal).slice(-2), ['X-Remote-User', 's@idp.example.com/tenant/'])
})
