/** What only those parts know that use a setting: `check` says it, and so do all commands that read the configuration. */
import { generateKeyPairSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { type Test, test } from 'tap'
import { stringify } from 'yaml'
import { run } from '../../src/cli/index.ts'
import { makeCertificates } from '../support/certificates.ts'
import { missingPart } from '../support/parts.ts'

const pkcs8 = { type: 'pkcs8', format: 'pem' } as const
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pkcs8).toString()
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export(pkcs8).toString()
const ed25519 = generateKeyPairSync('ed25519').privateKey.export(pkcs8).toString()

const base = {
  server: { publicUrl: 'https://app.example.com' },
  provider: { issuer: 'https://idp.example.com', clientId: 'app' },
  upstream: { url: 'http://127.0.0.1:8080' }
}

interface Outcome {
  readonly code: number
  readonly stdout: string
  /** Without the warnings. */
  readonly problems: readonly string[]
  readonly folder: string
}

/** Runs a command line in a folder of its own, where the configuration and the files given are. */
async function runIn (t: Test, args: readonly string[], sections: object, files: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const folder = t.testdir({ 'doorward.yaml': stringify({ ...base, ...sections }, { lineWidth: 0 }), 'claims.json': '{}', ...files })
  let [stdout, stderr] = ['', '']
  const code = await run(args, {
    stdout: (text) => { stdout += text },
    stderr: (text) => { stderr += text },
    environment: {},
    cwd: folder,
    isTerminal: false,
    untilStopped: async () => { throw new Error('nothing was expected to be served') }
  })
  return { code, stdout, problems: stderr.split('\n').filter((line) => line !== '' && !line.startsWith('warning: ')), folder }
}

test('an assertion key that can’t be used is told by its setting, and which of several it is', async (t) => {
  const { code, problems } = await runIn(t, ['check'], { assertion: { key: p384, previousKeys: [ed25519, 'no key', p384] } })
  t.equal(code, 78)
  t.match(problems, [
    /^doorward\.yaml:\d+:\d+ assertion\.key: the key is not one for ES256$/,
    /^doorward\.yaml:\d+:\d+ assertion\.previousKeys\[1\]: expected a private or public key as PEM or JWK$/,
    /^doorward\.yaml:\d+:\d+ assertion\.previousKeys\[2\]: the key is none of EC P-256, Ed25519 and RSA$/
  ])
  t.equal(problems.length, 3)
})

test('a key of the client that can’t be used is told by its setting', async (t) => {
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export(pkcs8).toString()
  const cases = [
    [{ clientKey: short, previousClientKeys: [p384, 'no key'] }, [/provider\.clientKey: the key can’t be used: expected RSA of at least 2048 bits, EC on P-256, P-384 or P-521, or Ed25519$/, /provider\.previousClientKeys\[1\]: expected a private or public key as PEM or JWK$/]],
    [{ clientKey: '{"kty":' }, [/provider\.clientKey: expected a private key as PEM or JWK, without a passphrase$/]],
    [{ clientKey: p256 }, []]
  ] as const
  for (const [settings, expected] of cases) {
    const { code, problems } = await runIn(t, ['check'], { provider: { ...base.provider, ...settings } })
    t.equal(code, expected.length === 0 ? 0 : 78)
    t.match(problems, expected)
    t.equal(problems.length, expected.length)
  }
})

test('an assertion key from a file is told by the setting that names the file', async (t) => {
  const { code, problems } = await runIn(t, ['check'], { assertion: { keyFile: 'key.pem', algorithm: 'EdDSA' } }, { 'key.pem': p256 })
  t.equal(code, 78)
  t.match(problems, [/^doorward\.yaml:\d+:\d+ assertion\.keyFile: the key is not one for EdDSA$/])
})

test('an audit trail that can’t be written is told, and checking leaves no file behind', async (t) => {
  const fine = await runIn(t, ['check'], { audit: { destination: 'audit.log' } })
  t.strictSame([fine.code, fine.problems, existsSync(`${fine.folder}/audit.log`)], [0, [], false])
  const missing = await runIn(t, ['check'], { audit: { destination: 'missing/audit.log' } })
  t.strictSame([missing.code, missing.problems], [78, ['doorward.yaml:9:16 audit.destination: missing/audit.log can’t be opened for writing (ENOENT)']])
  const folder = await runIn(t, ['check'], { audit: { destination: '.' } })
  t.match([folder.code, folder.problems], [78, [/audit\.destination: \. is a directory, not a file$/]])
})

test('an audit trail that is not ours to write is told', { skip: process.getuid?.() === 0 && 'root may write everything' }, async (t) => {
  const { code, problems } = await runIn(t, ['check'], { audit: { destination: '/etc/passwd' } })
  t.match([code, problems], [78, [/audit\.destination: .* can’t be opened for writing \(EACCES\)$/]])
})

test('the key of another certificate is told, and https is wanted where TLS is served', { skip: missingPart('openssl') }, async (t) => {
  const { cert, key } = await makeCertificates(t)
  const tls = { certFile: 'cert.pem', keyFile: 'key.pem' }
  const files = { 'cert.pem': cert, 'key.pem': key }
  const fine = await runIn(t, ['check'], { server: { ...base.server, tls } }, files)
  t.strictSame([fine.code, fine.problems], [0, []])
  const other = await runIn(t, ['check'], { server: { ...base.server, tls } }, { ...files, 'key.pem': p256 })
  t.match([other.code, other.problems], [78, [/^doorward\.yaml:5:14 server\.tls\.keyFile: key\.pem is not the key of the first certificate in cert\.pem$/]])
  const plain = await runIn(t, ['check'], { server: { publicUrl: 'http://localhost:4180', tls } }, files)
  t.strictSame([plain.code, plain.problems], [78, ['doorward.yaml:2:14 server.publicUrl: expected https, since server.tls is given']])
})

test('serve and explain refuse what check refuses, in the same words', async (t) => {
  const sections = { assertion: { key: 'no key' }, audit: { destination: 'missing/audit.log' } }
  const { code, problems } = await runIn(t, ['check'], sections)
  t.equal(code, 78)
  t.equal(problems.length, 2)
  for (const args of [['serve'], ['explain', '--claims', 'claims.json']]) {
    t.match(await runIn(t, args, sections), { code: 78, stdout: '', problems })
  }
})
