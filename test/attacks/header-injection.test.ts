/** A claim that means to become another header, another group, or a request that breaks (mod_auth_openidc 2026-05-23 and 2026-07-17, CVE-2020-8192). */
import t, { type Test } from 'tap'
import { exchange, parseMessage, type RawMessage, requestText, valuesOf } from '../support/raw-socket.ts'
import { type RogueGateway, signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'
import { answerOnce, startByteRecorder } from '../support/upstream.ts'

const hostile = [
  'a\r\nX-Auth-Roles: admin', 'a\rX-Auth-Roles: admin', 'a\nX-Auth-Roles: admin', 'a\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n', '\r\n', '\r\n\t folded', 'a\0b', '\x01\x1b[31mred\x7f', '\u0085\u2028\u2029',
  'a,b', 'a, b', '"quoted"', 'a"; b="c', 'a;b=c', "it's", '=?utf-8?q?x?=', '%0d%0aX: y', '%', '%2C', '100 % sure', ' leading and trailing ', '\t', 'Zoë', '日本語', 'naïve \ud800 lone', '😀', '\ufeff\u200f\u202eevil', 'x'.repeat(2_000), 'ë'.repeat(800)
]

type Encoding = 'percent' | 'base64url' | 'latin1'

interface Started extends RogueGateway {
  /** What the application receives for a person with these claims. */
  receive (claims: Readonly<Record<string, unknown>>): Promise<RawMessage>
}

async function start (t: Test, encoding: Encoding): Promise<Started> {
  const recorder = await startByteRecorder(t, answerOnce('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'))
  const setup = await startRogueGateway(t, {
    upstream: recorder.url,
    configuration: { headers: { encoding, set: { 'X-Department': '{claims.department}', 'X-Both': '<{user}> {claims.department}', 'X-Line': 'groups={groups}; user={user}' } } }
  })
  return {
    ...setup,
    async receive (claims) {
      setup.rogue.hooks.idToken = (honest) => ({ ...honest, ...claims })
      setup.rogue.hooks.userinfo = (honest) => ({ ...honest, ...claims })
      const cookie = await signedInCookie(setup.gateway)
      await exchange(setup.gateway.port, requestText('GET', '/', [['Cookie', cookie]]))
      const [received = '', ...others] = recorder.connections.splice(0)
      if (others.length > 0 || parseMessage(received).body !== '') throw new Error(`more than one request:\n${received}\n${others.join('\n')}`)
      return parseMessage(received)
    }
  }
}

function everywhere (value: string) {
  return { preferred_username: value, name: value, email: value, department: value, groups: [value, 'ops'] }
}

/** Header text → the value meant; `undefined` where the encoding does not preserve it. */
const decoders: Record<Encoding, (text: string) => string | undefined> = {
  percent: (text) => decodeURIComponent(text),
  base64url: (text) => Buffer.from(text, 'base64url').toString(),
  latin1: () => undefined
}

for (const encoding of ['percent', 'base64url', 'latin1'] as const) {
  t.test(`written as ${encoding}, no claim breaks out of its header`, async (t) => {
    const { receive } = await start(t, encoding)
    const names = ({ headers }: RawMessage) => headers.map(([name]) => name)
    const benign = names(await receive(everywhere('benign')))
    for (const value of hostile) {
      const title = encodeURIComponent(value.slice(0, 30).toWellFormed())
      const message = await receive(everywhere(value))
      t.strictSame(names(message), benign, `${title}: the same headers`)
      t.match(message.startLine, /^GET \/ HTTP\/1\.1$/)
      // eslint-disable-next-line no-control-regex -- controls are what must not be there
      t.notOk(message.headers.some(([, text]) => /[\x00-\x1f\x7f]/.test(text)), `${title}: no control characters`)
      const [groups = ''] = valuesOf(message, 'x-auth-groups')
      t.equal(groups.split(',').length, 2, `${title}: two groups`)
      const [user = ''] = valuesOf(message, 'x-auth-user')
      const decoded = decoders[encoding](user)
      if (decoded !== undefined) t.equal(decoded, value.toWellFormed(), `${title}: nothing is lost`)
    }
  })
}

t.test('a group with a comma stays one group, in every encoding', async (t) => {
  const groups = ['a,admin', 'CN=Admins,OU=x,DC=example', 'ops']
  const expected: Record<Encoding, string> = {
    percent: 'a%2Cadmin,CN=Admins%2COU=x%2CDC=example,ops',
    base64url: groups.map((group) => Buffer.from(group).toString('base64url')).join(','),
    latin1: 'a%2Cadmin,CN=Admins%2COU=x%2CDC=example,ops'
  }
  for (const encoding of ['percent', 'base64url', 'latin1'] as const) {
    const { receive } = await start(t, encoding)
    t.strictSame(valuesOf(await receive({ groups }), 'x-auth-groups'), [expected[encoding]], encoding)
  }
})

t.test('a claim that is no text is no header, or its JSON', async (t) => {
  const { receive } = await start(t, 'percent')
  const message = await receive({ preferred_username: { a: 1 }, email: 7, name: ['x'], groups: { admin: true }, department: { 'a\r\nb': ['"', 'é'] } })
  t.strictSame(valuesOf(message, 'x-auth-user'), ['rogue-1'], 'the subject stands in')
  for (const name of ['x-auth-email', 'x-auth-name', 'x-auth-groups']) t.strictSame(valuesOf(message, name), [], name)
  t.strictSame(JSON.parse(decodeURIComponent(valuesOf(message, 'x-department')[0] ?? '')), { 'a\r\nb': ['"', 'é'] })
})

t.test('a claim of 100 kB ends in an explanation', async (t) => {
  const { gateway, browser } = await startRogueGateway(t, { rogue: { claims: { sub: 'rogue-1', name: 'x'.repeat(100_000) } } })
  const page = await browser.open(`${gateway.origin}/`)
  t.equal(page.status, 500)
  t.match(page.text, /more information than a session can hold/)
  t.ok(page.body.length < 20_000, 'which does not repeat it')
  t.ok(JSON.stringify(gateway.audit).length < 5_000, 'nor does the audit trail')
})

t.test('a group with a comma stays one group inside a longer template too', async (t) => {
  const { receive } = await start(t, 'percent')
  const message = await receive({ preferred_username: 'a; user=root', groups: ['a,admin', 'ops'] })
  t.strictSame(valuesOf(message, 'x-line'), ['groups=a%2Cadmin,ops; user=a; user=root'])
})
