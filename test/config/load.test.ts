import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { test } from 'tap'
import { loadConfiguration, problemText, type Setting, settings } from '../../src/config/index.ts'

const sidecar = {
  DOORWARD_SERVER_PUBLIC_URL: 'https://app.example.com',
  DOORWARD_PROVIDER_ISSUER: 'https://idp.example.com',
  DOORWARD_PROVIDER_CLIENT_ID: 'app',
  DOORWARD_UPSTREAM_URL: 'http://127.0.0.1:8080'
}

const certificate = `-----BEGIN CERTIFICATE-----
MIIBgTCCASegAwIBAgIUBx9amPUzbX3RIDbpWfg540BSiY8wCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKRXhhbXBsZSBDQTAgFw0yNjExMjEyMjA3NDVaGA8yMTI2MTAy
ODIyMDc0NVowFTETMBEGA1UEAwwKRXhhbXBsZSBDQTBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABMPYn+1Mjkaq8/EFtyE0q8/XYHv5xnlVRjhLZr1OeSPSaA9ju/B4
x+WgjqNeCoeGxoZM3enk6C3W2L9HB2sL1TmjUzBRMB0GA1UdDgQWBBRpFDnC/4G5
rHorqQLSUR/4NrgscDAfBgNVHSMEGDAWgBRpFDnC/4G5rHorqQLSUR/4NrgscDAP
BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0gAMEUCIQDOEo5rRK7tk4jgDoH2
OXyri22pdkPeHPXpS37jbIdAkgIgIxK4sWeRntMcbIfNOOpkTtgw/kneAtyzaG1z
THGwEuU=
-----END CERTIFICATE-----
`

function readNothing (): never {
  throw Object.assign(new Error('no such file'), { code: 'ENOENT' })
}

function linesOf (outcome: ReturnType<typeof loadConfiguration>): string[] {
  return outcome.ok ? [] : outcome.problems.map(problemText)
}

test('on disk, relative paths begin at the working directory', async (t) => {
  const privateKey = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const cwd = t.testdir({
    'doorward.yaml': 'session: { secretFile: secrets/session }\nserver: { tls: { certFile: tls/crt, keyFile: tls/key } }\n',
    secrets: { session: Buffer.alloc(40, 'k').toString('base64') },
    tls: { crt: certificate, key: privateKey }
  })
  const outcome = loadConfiguration({ environment: sidecar, cwd })
  t.strictSame(linesOf(outcome), [])
  t.strictSame(outcome.ok && outcome.configuration.session.secret, Buffer.alloc(40, 'k'))
})

test('on disk, what is no text file of a sensible size is a problem and never read to its end', async (t) => {
  const cwd = t.testdir({ large: 'a'.repeat(1024 * 1024 + 1), binary: Buffer.from([0xff, 0xfe, 0x00]) })
  mkdirSync(join(cwd, 'directory'))
  t.strictSame(linesOf(loadConfiguration({ file: 'large', environment: {}, cwd })), ['--config: large is larger than 1 MiB'])
  t.strictSame(linesOf(loadConfiguration({ file: 'binary', environment: {}, cwd })), ['--config: binary is not UTF-8 text'])
  t.strictSame(linesOf(loadConfiguration({ file: 'directory', environment: {}, cwd })), ['--config: directory is a directory, not a file'])
  t.strictSame(linesOf(loadConfiguration({ file: '/dev/zero', environment: {}, cwd })), ['--config: /dev/zero is larger than 1 MiB'])
  t.strictSame(linesOf(loadConfiguration({ file: 'binary/x', environment: {}, cwd })), ['--config: binary/x does not exist'])
})

test('a configuration can’t be changed, at any depth', async (t) => {
  const outcome = loadConfiguration({ environment: { ...sidecar, DOORWARD_ACCESS_RULES: '[{"require": {"roles": ["admin"]}}]' }, readFile: readNothing })
  if (!outcome.ok) throw new Error(linesOf(outcome).join('\n'))
  const { configuration } = outcome
  t.throws(() => { configuration.log.level = 'trace' }, TypeError)
  t.throws(() => configuration.provider?.scopes.push('x'), TypeError)
  t.throws(() => configuration.access.rules[0]?.require?.roles?.push('everybody'), TypeError)
})

test('settings have a path and a variable of their own', async (t) => {
  const paths = settings.map(({ path }) => path)
  const variables = settings.flatMap(({ variable }) => variable ?? [])
  t.strictSame(paths.length, new Set(paths).size)
  t.strictSame(variables.length, new Set(variables).size)
  t.ok(variables.every((variable) => /^DOORWARD(_[A-Z]+)+$/.test(variable)))
})

test('settings say what they are for', async (t) => {
  t.strictSame(settings.filter(({ description }) => description.length < 5).map(({ path }) => path), [])
})

test('settings have a sibling that names a file, where they are secret', async (t) => {
  const secrets = settings.filter(({ secret }) => secret)
  t.strictSame(secrets.map(({ path }) => path), ['admin.token', ...['provider', 'providers[]'].flatMap((place) => ['clientSecret', 'clientKey', 'previousClientKeys', 'decryptionKeys', 'groupSource.serviceAccountKey'].map((key) => `${place}.${key}`)), 'session.secret', 'session.previousSecrets', 'session.redis.url', 'session.redis.password', 'session.redis.sentinel.password', 'assertion.key', 'assertion.previousKeys', 'audit.pseudonymKey'])
  for (const { path } of secrets) t.ok(settings.some((setting) => setting.path === `${path}File`), `${path}File`)
})

test('settings are derived in full from the schema', async (t) => {
  const idleTimeout = settings.find(({ path }) => path === 'session.idleTimeout')
  t.strictSame({ ...idleTimeout, schema: undefined }, {
    keys: ['session', 'idleTimeout'],
    path: 'session.idleTimeout',
    variable: 'DOORWARD_SESSION_IDLE_TIMEOUT',
    kind: 'text',
    default: '30m',
    required: false,
    secret: false,
    description: 'A session ends when it is not used for this long.',
    schema: undefined
  })
  const kinds = (path: string) => settings.find((candidate) => candidate.path === path)?.kind
  t.strictSame(['provider.pkce', 'provider.scopes', 'headers.profiles', 'session.previousSecrets', 'access.rules', 'groups.rename'].map(kinds), ['boolean', 'list', 'list', 'list', 'json', 'json'])
  t.equal(settings.find(({ path }) => path === 'access.rules[].require.roles')?.variable, undefined)
})

test('settings are the same by default and with their default in the environment', async (t) => {
  const load = (environment: Record<string, string>) => {
    const { problemWith: _function, ...outcome } = { problemWith: undefined, ...loadConfiguration({ environment, readFile: readNothing }) }
    return outcome
  }
  const expected = load(sidecar)
  // With a static answer there is no application.
  const defaults = settings.filter(({ path, ...setting }) => setting.variable !== undefined && setting.default !== undefined && !path.startsWith('upstream.static'))
  t.ok(defaults.length > 30)
  const environment = Object.fromEntries(defaults.map((setting) => [setting.variable, asText(setting)]))
  t.strictSame(load({ ...environment, ...sidecar }), expected)
})

test('loading never throws, whatever the environment says', async () => {
  const variable = fc.oneof(fc.constantFrom(...settings.flatMap((setting) => setting.variable ?? [])), fc.string().map((name) => `DOORWARD_${name}`))
  const text = fc.oneof(fc.string(), fc.json(), fc.constantFrom('[', '{"a":', 'true', '30s', '-1'))
  fc.assert(fc.property(fc.dictionary(variable, text), (environment) => {
    loadConfiguration({ environment, readFile: readNothing })
  }), { numRuns: 200, examples: [[{ DOORWARD_ACCESS_RULES: '['.repeat(50_000), DOORWARD_GROUPS_RENAME: '{"a":'.repeat(50_000) }]] })
})

test('loading never throws, whatever the file says', async () => {
  const keys = fc.constantFrom(...settings.flatMap((setting) => setting.keys), '__proto__', 'constructor', '')
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof({ maxDepth: 5 }, fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.constantFrom('30s', 'https://x'), fc.array(tie('tree')), fc.dictionary(keys, tie('tree')))
  }))
  const file = fc.oneof(fc.string({ unit: 'binary' }), tree.map((value) => JSON.stringify(value)))
  const tooDeep: [string][] = [['['.repeat(20_000)], ['a: '.repeat(20_000)], [`${'- '.repeat(700)}x`], [`${'{a: '.repeat(600)}${'}'.repeat(600)}`]]
  fc.assert(fc.property(file, (text) => {
    loadConfiguration({ file: 'x', environment: sidecar, readFile: () => text })
  }), { numRuns: 300, examples: tooDeep })
})

test('a file that is damaged anywhere does not give a secret away', async () => {
  const secret = 'hunter2hunter2hunter2'
  const whole = `provider:\n  clientSecret: ${secret}\n  clientAuth: none\nsession:\n  secret: "${secret}"\n  previousSecrets: [${secret}, x]\nassertion:\n  key: ${secret}\n`
  fc.assert(fc.property(fc.nat(whole.length), fc.constantFrom(...'!@#$%^&*()[]{}:;\'"\\|,.<>/?`~-_=+\t\n\0 é'), (position, damage) => {
    const text = whole.slice(0, position) + damage + whole.slice(position)
    return !linesOf(loadConfiguration({ file: 'x', environment: {}, readFile: () => text })).some((line) => line.includes(secret))
  }), { numRuns: 500 })
})

function asText (setting: Setting): string {
  return typeof setting.default === 'string' ? setting.default : JSON.stringify(setting.default)
}
