import t from 'tap'
import { settings } from '../../src/config/index.ts'
import { type AuditEvent, createAudit, createLogger, createLogs, createPseudonyms, type Logger, type LogSettings, subsystems } from '../../src/observability/index.ts'
import { auditProblems } from '../support/audit-line.ts'
import { Browser } from '../support/browser.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'

/** A logger and the lines that it writes. */
function startLogger (given: Partial<LogSettings> = {}): { logger: Logger, lines: string[] } {
  const lines: string[] = []
  const logger = createLogger({ level: 'trace', format: 'json', isTerminal: false, secretPaths: [], ...given }, { write: (line) => { lines.push(line) } })
  return { logger, lines }
}

t.test('a log line is one JSON object: when, how grave, what', async (t) => {
  const { logger, lines } = startLogger()
  logger.warn({ event: 'provider.unavailable', provider: 'default' }, 'provider can’t be used')
  const [line = ''] = lines
  t.match(line, /^\{.*\}\n$/)
  const { time, ...rest } = JSON.parse(line) as Record<string, unknown>
  t.strictSame(rest, { level: 'warn', event: 'provider.unavailable', provider: 'default', msg: 'provider can’t be used' }, 'no process id, no host name')
  t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

t.test('what is less grave than the level is not written', async (t) => {
  const { logger, lines } = startLogger({ level: 'warn' })
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) logger[level]({ event: level }, level)
  t.strictSame(lines.map((line) => (JSON.parse(line) as { level: string }).level), ['warn', 'error', 'fatal'])
})

t.test('the format suits the reader, or is as configured', async (t) => {
  const isJson = (given: Partial<LogSettings>): boolean => {
    const { logger, lines } = startLogger(given)
    logger.info({ event: 'started', listen: '127.0.0.1:1' }, 'Doorward serves')
    t.match(lines[0], /started.*127\.0\.0\.1:1|127\.0\.0\.1:1.*started/s, 'nothing is lost')
    t.equal(lines.length, 1)
    return lines[0]?.startsWith('{') === true
  }
  t.equal(isJson({ format: 'auto', isTerminal: false }), true)
  t.equal(isJson({ format: 'auto', isTerminal: true }), false)
  t.equal(isJson({ format: 'json', isTerminal: true }), true)
  t.equal(isJson({ format: 'pretty', isTerminal: false }), false)
  // eslint-disable-next-line no-control-regex -- an escape is what must not be there
  t.notMatch(((): string => { const { logger, lines } = startLogger({ format: 'pretty' }); logger.info('x'); return lines.join('') })(), /\x1b/, 'colours are for terminals')
})

const secret = 'S3CRET-value'

/** An object that holds the secret at this path; `[]` is a list, `*` any key. */
function holding (path: string): Record<string, unknown> {
  return path.replaceAll('[]', '.[]').split('.').reduceRight<unknown>((inner, key) => key === '[]' ? [inner] : { [key === '*' ? 'any' : key]: inner }, secret) as Record<string, unknown>
}

t.test('no secret of the configuration is ever logged, whichever there will be', async (t) => {
  const secretPaths = settings.filter((setting) => setting.secret).map(({ path }) => path)
  t.ok(secretPaths.includes('provider.clientSecret') && secretPaths.includes('session.secret') && secretPaths.includes('assertion.key'), 'the schema says which')
  const { logger, lines } = startLogger({ secretPaths })
  for (const path of secretPaths) {
    logger.info({ configuration: holding(path) }, path)
    logger.info(holding(path), path)
  }
  t.equal(lines.length, 2 * secretPaths.length)
  for (const line of lines) t.match(line, /^(?!.*S3CRET).*\[redacted\]/, line)
})

t.test('nor is what protocols carry', async (t) => {
  const { logger, lines } = startLogger()
  const names = ['access_token', 'refresh_token', 'id_token', 'client_secret', 'code_verifier', 'cookie', 'authorization', 'set-cookie', 'secret', 'password']
  for (const name of names) {
    logger.info({ [name]: secret })
    logger.info({ headers: { [name]: secret } })
  }
  t.strictSame(lines.filter((line) => line.includes(secret)), [])
})

t.test('an error is its kind, code, message and causes, and nothing that libraries hang on it', async (t) => {
  const { logger, lines } = startLogger()
  const inner = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', response: { access_token: secret } })
  const response = new Response(secret, { status: 418 })
  logger.warn({ err: Object.assign(new TypeError('fetch failed', { cause: inner }), { code: 'OUTER', body: secret }) })
  logger.warn({ err: Object.assign(new Error('unexpected answer', { cause: response }), { code: 'X' }) })
  logger.warn({ err: secret.slice(0, 2) })
  const errors = lines.map((line) => (JSON.parse(line) as { err: unknown }).err)
  t.strictSame(errors, [
    { type: 'TypeError', message: 'fetch failed', code: 'OUTER', cause: { type: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED' } },
    { type: 'Error', message: 'unexpected answer', code: 'X', status: 418 },
    'S3'
  ])
  t.notOk(lines.join('').includes(secret))
})

t.test('an error without a code may be a defect, and shows where', async (t) => {
  const { logger, lines } = startLogger()
  let error = new Error('innermost')
  for (let depth = 0; depth < 10; depth++) error = new Error(`around ${depth}`, { cause: error })
  logger.error({ err: error })
  const line = lines[0] ?? ''
  t.match((JSON.parse(line) as { err: { stack: string } }).err.stack, /observability\.test\.ts/)
  t.equal(line.match(/"type"/g)?.length, 5, 'causes are followed for a while, not for ever')
  error.cause = error
  t.doesNotThrow(() => { logger.error({ err: error }) }, 'not even in a circle')
})

t.test('no text of a stranger steers a terminal or ends a line', async (t) => {
  const text = 'a\nb\r\x1b[31m\x9b31m\u2028\u2029\u202e\x7fc'
  for (const format of ['json', 'pretty'] as const) {
    const { logger, lines } = startLogger({ format })
    logger.warn({ event: 'x', text, [text]: 1, err: Object.assign(new Error(text), { code: text }) }, 'message')
    // eslint-disable-next-line no-control-regex -- controls are what must not be there
    t.notMatch(lines.join(''), /[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e]/, format)
    if (format === 'json') t.equal((JSON.parse(lines[0] ?? '') as { text: string }).text, text, 'and it can be read back')
  }
})

const request = { id: 'r1', ip: '127.0.0.1', method: 'GET', path: '/x', userAgent: 'Test/1' }
const user = { sub: 's', user: 'u', email: 'e', provider: 'default' }

const events: ReadonlyArray<readonly [AuditEvent, Record<string, unknown>]> = [
  [{ event: 'login', outcome: 'success', request, user, session: 'id', metadata: { method: 'oidc', roles: ['admin'] } }, { event: 'login', outcome: 'success', user, session: 'id', request, metadata: { method: 'oidc', roles: ['admin'] } }],
  [{ event: 'login', outcome: 'failure', reason: 'idp_error', request, user: { provider: 'default' } }, { event: 'login', outcome: 'failure', reason: 'idp_error', user: { provider: 'default' }, request }],
  [{ event: 'logout', outcome: 'success', reason: 'user', request, user, session: 'id' }, { event: 'logout', outcome: 'success', reason: 'user', user, session: 'id', request }],
  [{ event: 'access.denied', outcome: 'failure', reason: 'rule_denied', request }, { event: 'access.denied', outcome: 'failure', reason: 'rule_denied', request }]
]

t.test('an audit event is one JSON object with its keys in one order', async (t) => {
  const lines: string[] = []
  const audit = createAudit((line) => { lines.push(line) }, () => 0)
  for (const [event] of events) audit.record(event)
  const expected = events.map(([, written]) => `${JSON.stringify({ version: 1, time: '1970-01-01T00:00:00.000Z', ...written })}\n`)
  t.strictSame(lines, expected)
})

t.test('of a person the audit trail keeps what it needs, and bounds what it keeps', async (t) => {
  const lines: string[] = []
  const audit = createAudit((line) => { lines.push(line) }, () => 0)
  const identity = { ...user, groups: ['g'], claims: { token: secret }, roles: [] }
  audit.record({ event: 'logout', outcome: 'success', reason: 'user', request: { ...request, path: `/${'p'.repeat(600)}` }, user: identity })
  const written = JSON.parse(lines[0] ?? '') as { user: unknown, request: { path: string } }
  t.strictSame(written.user, user)
  t.equal(written.request.path, `/${'p'.repeat(511)}…`)
})

t.test('every event, as it comes through the front door', async (t) => {
  const clock = { now: Date.UTC(2026, 0, 1) }
  const { gateway, rogue } = await startRogueGateway(t, {
    now: () => clock.now,
    configuration: { access: { rules: [{ path: '/admin/**', require: { roles: ['admin'] } }] }, roles: { default: ['user'] } }
  })
  rogue.hooks.idToken = (claims) => ({ ...claims, iat: clock.now / 1000 })
  const browser = new Browser({ now: () => clock.now })
  const headers = { 'user-agent': 'Test/1' }
  const ask = async (path: string) => await browser.open(`${gateway.origin}${path}`, { headers })
  await signedInCookie(gateway, browser)
  await ask('/admin/x?token=1')
  await ask('/oidc/logout')
  await signedInCookie(gateway, browser)
  clock.now += 31 * 60 * 1000
  await browser.get(`${gateway.origin}/x`, { headers, program: true })
  browser.jar.clear()
  rogue.hooks.authorize = ({ state = '', iss = '' }) => ({ state, iss, error: 'access_denied', error_description: 'no' })
  await ask('/x')

  const person = { sub: 'rogue-1', user: 'robin', email: 'robin@example.com', provider: 'default' }
  const [first, , , second] = gateway.audit.map(({ session }) => session)
  t.match(first, /^[\w-]{22}$/)
  const request = (path: string, method = 'GET') => ({ id: String, ip: '127.0.0.1', method, path, userAgent: 'Test/1' })
  const { userAgent: _, ...unnamed } = request('/oidc/callback')
  const time = '2026-01-01T00:00:00.000Z'
  const later = '2026-01-01T00:31:00.000Z'
  const version = 1
  const login = { version, time, event: 'login', outcome: 'success', user: person, request: unnamed, metadata: { method: 'oidc', roles: ['user'] } }
  const expected = [
    { ...login, session: first },
    { version, time, event: 'access.denied', outcome: 'failure', reason: 'rule_denied', user: person, session: first, request: request('/admin/x'), metadata: { rule: { index: 0, path: '/admin/**' }, missing: { roles: ['admin'] } } },
    { version, time, event: 'logout', outcome: 'success', reason: 'user', user: person, session: first, request: request('/oidc/logout') },
    { ...login, session: second },
    { version, time: later, event: 'session.expired', outcome: 'success', reason: 'idle_timeout', user: person, session: second, request: request('/x') },
    { version, time: later, event: 'login', outcome: 'failure', reason: 'idp_error', user: { provider: 'default' }, request: request('/oidc/callback'), metadata: { method: 'oidc', error: 'access_denied', errorDescription: 'no' } }
  ]
  t.match(gateway.audit, expected)
  t.strictSame(gateway.audit.map((event) => Object.keys(event).sort()), expected.map((event) => Object.keys(event).sort()), 'and nothing else')
})

t.test('each subsystem says whose a line is, and has a level of its own', async (t) => {
  const { logger, lines } = startLogger({ level: 'info' })
  const logOf = createLogs(logger, { mapping: 'debug', proxy: 'error' })
  for (const subsystem of Object.keys(subsystems) as Array<keyof typeof subsystems>) {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) logOf(subsystem)[level]({ event: level })
  }
  const told = lines.map((line) => JSON.parse(line) as Record<string, string>).map(({ subsystem, event }) => `${subsystem} ${event}`)
  t.strictSame(told.filter((line) => line.startsWith('mapping')), ['debug', 'info', 'warn', 'error'].map((level) => `mapping ${level}`))
  t.strictSame(told.filter((line) => line.startsWith('proxy')), ['proxy error'])
  t.strictSame(told.filter((line) => line.startsWith('oidc')), ['info', 'warn', 'error'].map((level) => `oidc ${level}`))
  t.strictSame(Object.keys(subsystems), settings.filter(({ path }) => path.startsWith('log.levels.')).map(({ path }) => path.slice('log.levels.'.length)), 'each can be set')
})

t.test('pseudonyms stand for whoever it is, are the same again with the same key, and tell nobody without it', async (t) => {
  const write = (key: string, event: AuditEvent): Record<string, Record<string, string>> => {
    const lines: string[] = []
    createAudit((line) => { lines.push(line) }, () => 0, createPseudonyms(Buffer.alloc(32, key))).record(event)
    t.strictSame(auditProblems(lines[0] ?? ''), [])
    return JSON.parse(lines[0] ?? '') as Record<string, Record<string, string>>
  }
  const logout: AuditEvent = { event: 'logout', outcome: 'success', reason: 'user', session: 'id', request, user }
  const written = write('one', logout)
  t.match(written, { session: 'id', user: { sub: /^~[\w-]{22}$/, user: /^~[\w-]{22}$/, email: /^~[\w-]{22}$/, provider: 'default' }, request: { ...request, ip: /^~[\w-]{22}$/ } })
  t.strictSame(write('one', logout), written)
  const other = write('two', logout)
  for (const field of ['sub', 'user', 'email']) t.not(other['user']?.[field], written['user']?.[field])
  const alike = write('one', { ...logout, user: { sub: 'u', user: 'u', email: 'u' } })
  t.equal(new Set(Object.values(alike['user'] ?? {})).size, 3, 'a name says nothing about a subject of the same text')
  t.equal(alike['user']?.['user'], written['user']?.['user'])

  const named = write('one', { event: 'admin.change', outcome: 'success', request, metadata: { action: 'sessions.revoke', by: 'user', value: 'u' } })
  t.equal(named['metadata']?.['value'], written['user']?.['user'], 'whom an administrator signed out is that person')
  const refused = write('one', { event: 'login', outcome: 'failure', reason: 'idp_error', request, metadata: { method: 'oidc', error: 'access_denied', errorDescription: 'User u is not assigned' } })
  t.strictSame(refused['metadata'], { method: 'oidc', error: 'access_denied' }, 'a provider’s prose may name people')
  const mismatch = write('one', { event: 'login', outcome: 'failure', reason: 'id_token_invalid', request, metadata: { method: 'oidc', claim: 'sub', found: 's', expected: 'other' } })
  t.equal(mismatch['metadata']?.['found'], written['user']?.['sub'])
  t.match(mismatch['metadata']?.['expected'], /^~/)
})

t.test('at debug, a sign-in tells of groups that are looked for in a claim that is absent, and which others may be meant', async (t) => {
  const { gateway } = await startRogueGateway(t, { rogue: { claims: { sub: 'rogue-1', my_groups: ['ops'], roles: ['admin', 7] } }, configuration: { claims: { roles: 'roles' }, log: { level: 'info', levels: { mapping: 'debug' } } } })
  await signedInCookie(gateway)
  const told = gateway.logs.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event === 'claims.unusable')
  const common = { level: 'debug', subsystem: 'mapping', event: 'claims.unusable', provider: 'default', sub: 'rogue-1' }
  t.strictSame(told.map(({ time, msg, ...fields }) => fields), [
    { ...common, what: 'absent', expected: 'groups', claim: 'groups', similar: ['my_groups', 'roles'] },
    { ...common, what: 'ignored', expected: 'roles', claim: 'roles', value: 'number' }
  ])
})

t.test('S17: at debug, a sign-in tells the names of the claims of each source, and the groups with their number and the user', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t, { configuration: { groups: { rename: { 'cmdbsyncer-ops': 'ops' }, filter: '^ops$' }, roles: { default: ['user'] }, log: { level: 'info', levels: { oidc: 'debug', mapping: 'debug' } } } })
  rogue.hooks.idToken = (claims) => ({ ...claims, department: ' ' })
  rogue.hooks.userinfo = (claims) => ({ ...claims, groups: ['cmdbsyncer-ops', 'staff'], nickname: '', phone: null, zoneinfo: 'a-value-of-a-claim' })
  await signedInCookie(gateway)
  const told = gateway.logs.map((line) => JSON.parse(line) as Record<string, unknown>)
  const common = { level: 'debug', subsystem: 'oidc', event: 'claims.received', provider: 'default', sub: 'rogue-1' }
  const person = ['email', 'groups', 'name', 'preferred_username', 'sub']
  t.strictSame(told.filter(({ event }) => event === 'claims.received').map(({ time, msg, ...fields }) => fields), [
    { ...common, source: 'id_token', count: 11, claims: [...person, 'aud', 'department', 'exp', 'iat', 'iss', 'nonce'].sort(), blank: ['department'] },
    { ...common, source: 'userinfo', count: 8, claims: [...person, 'nickname', 'phone', 'zoneinfo'].sort(), blank: ['nickname', 'phone'] },
    { ...common, source: 'merged', count: 14, claims: [...person, 'aud', 'department', 'exp', 'iat', 'iss', 'nonce', 'nickname', 'phone', 'zoneinfo'].sort(), blank: ['department', 'nickname', 'phone'] }
  ])
  t.strictSame(told.filter(({ subsystem }) => subsystem === 'mapping').map(({ time, msg, ...fields }) => fields), [
    { level: 'debug', subsystem: 'mapping', event: 'groups.returned', provider: 'default', sub: 'rogue-1', user: 'robin', count: 2, returned: ['cmdbsyncer-ops', 'staff'], groups: ['ops'], roles: ['user'] }
  ])
  t.notMatch(gateway.logs.join(''), 'a-value-of-a-claim')
})

t.test('what debug would tell is not told by default, nor put together', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t, { configuration: { log: { levels: { oidc: 'info', mapping: 'info' } } } })
  rogue.hooks.userinfo = (claims) => ({ ...claims, groups: ['staff'] })
  await signedInCookie(gateway)
  t.strictSame(gateway.logs.filter((line) => line.includes('claims.received') || line.includes('groups.returned')), [])
})
