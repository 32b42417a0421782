import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { test } from 'tap'
import { check } from '../../src/cli/check.ts'
import { keygen } from '../../src/cli/keygen.ts'
import { schema } from '../../src/cli/schema.ts'
import { type Terminal } from '../../src/cli/terminal.ts'
import { jsonSchema } from '../../src/config/index.ts'

const sidecar = {
  DOORWARD_SERVER_PUBLIC_URL: 'https://app.example.com',
  DOORWARD_PROVIDER_ISSUER: 'https://idp.example.com',
  DOORWARD_PROVIDER_CLIENT_ID: 'app',
  DOORWARD_UPSTREAM_URL: 'http://127.0.0.1:8080',
  // Without one of these there is a warning.
  DOORWARD_PROVIDER_CLIENT_SECRET: 'secret',
  DOORWARD_SESSION_REDIS_URL: 'redis://127.0.0.1',
  DOORWARD_SESSION_SECRET: Buffer.alloc(32, 'k').toString('base64'),
  DOORWARD_ASSERTION_KEY: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
}

/** Runs a command and keeps what it prints. */
async function run<T> (command: (args: T, terminal: Terminal) => Promise<number>, args: T, surroundings: Partial<Terminal> = {}) {
  const printed = { stdout: '', stderr: '' }
  const code = await command(args, {
    stdout (text) { printed.stdout += text },
    stderr (text) { printed.stderr += text },
    environment: {},
    cwd: '/nowhere',
    isTerminal: false,
    ...surroundings
  })
  return { code, ...printed }
}

test('check says that a configuration is valid, and where it comes from', async (t) => {
  const cwd = t.testdir({ 'doorward.yaml': 'log: { level: debug }' })
  t.strictSame(await run(check, {}, { environment: sidecar, cwd }), { code: 0, stdout: 'doorward.yaml is valid\n', stderr: '' })
  t.strictSame(await run(check, {}, { environment: sidecar }), { code: 0, stdout: 'environment is valid\n', stderr: '' })
})

test('check prints the warnings of a valid configuration', async (t) => {
  const result = await run(check, {}, { environment: { ...sidecar, DOORWARD_PROVIDER_PKCE: 'false' } })
  t.strictSame(result, {
    code: 0,
    stdout: 'environment is valid\n',
    stderr: 'warning: provider.pkce is false: a stolen authorization code can be used by whoever has it\n'
  })
})

test('check prints every problem of the file that the flag names, a line for each', async (t) => {
  const cwd = t.testdir({ 'other.yaml': 'log:\n  levl: debug\n  format: xml\n' })
  t.strictSame(await run(check, { config: 'other.yaml' }, { environment: sidecar, cwd }), {
    code: 78,
    stdout: '',
    stderr: 'other.yaml:2:3 log.levl: unknown setting; did you mean level?\nother.yaml:3:11 log.format: expected one of auto, pretty, json; found "xml"\n'
  })
})

test('schema prints the JSON Schema', async (t) => {
  const { code, stdout } = await run(schema, {})
  t.equal(code, 0)
  t.strictSame(JSON.parse(stdout), JSON.parse(JSON.stringify(jsonSchema)))
})

test('keygen prints a fresh key of 32 bytes for sessions, which the configuration accepts', async (t) => {
  const [first, second] = [await run(keygen, {}), await run(keygen, { type: 'session' })]
  t.equal(first.code, 0)
  t.not(first.stdout, second.stdout)
  t.match(first.stdout, /^[A-Za-z0-9+/]{43}=\n$/)
  const environment = { ...sidecar, DOORWARD_SESSION_SECRET: first.stdout.trim() }
  t.equal((await run(check, {}, { environment })).code, 0)
})

test('keygen prints a private key for ES256 for assertions', async (t) => {
  const { code, stdout } = await run(keygen, { type: 'assertion' })
  t.equal(code, 0)
  t.match(stdout, /^-----BEGIN PRIVATE KEY-----\n[^-]+-----END PRIVATE KEY-----\n$/)
  t.match(createPrivateKey(stdout), { asymmetricKeyType: 'ec', asymmetricKeyDetails: { namedCurve: 'prime256v1' } })
})

test('keygen refuses a type that it does not know', async (t) => {
  for (const type of ['rsa', 'constructor', '']) {
    const { code, stdout, stderr } = await run(keygen, { type })
    t.strictSame({ code, stdout }, { code: 2, stdout: '' })
    t.equal(stderr, `--type: expected one of session, assertion; found "${type}"\n`)
  }
})
