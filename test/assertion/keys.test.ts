import { generateKeyPairSync } from 'node:crypto'
import t from 'tap'
import { type AssertionAlgorithm, AssertionKeyError, createAssertions } from '../../src/assertion/index.ts'
import { run } from '../../src/cli/index.ts'
import { generate, pem } from './key-pairs.ts'

t.test('a key is read in every common form', async (t) => {
  const settings = { issuer: 'i', previousKeys: [], lifetimeMilliseconds: 60_000 }
  const forms: ReadonlyArray<readonly [AssertionAlgorithm, string]> = [
    ['ES256', pem(generate.ES256().privateKey, 'sec1')], ['RS256', pem(generate.RS256().privateKey, 'pkcs1')], ['PS256', `\n${pem(generate.PS256().privateKey)}\n`], ['EdDSA', ` ${JSON.stringify(generate.EdDSA().privateKey.export({ format: 'jwk' }))}`]
  ]
  for (const [algorithm, key] of forms) await t.resolves(createAssertions({ ...settings, algorithm, key }, Date.now))
})

const unsuitable: Readonly<Record<string, readonly [AssertionAlgorithm, () => string]>> = {
  'another curve': ['ES256', () => pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey)],
  'the curve of Bitcoin': ['ES256', () => pem(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey)],
  'an RSA key for ES256': ['ES256', () => pem(generate.RS256().privateKey)],
  'an EC key for RS256': ['RS256', () => pem(generate.ES256().privateKey)],
  'a short RSA key': ['RS256', () => pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey)],
  'an RSA key for EdDSA': ['EdDSA', () => pem(generate.RS256().privateKey)],
  'a key for agreement': ['EdDSA', () => pem(generateKeyPairSync('x25519').privateKey)],
  'a public key': ['ES256', () => generate.ES256().publicKey.export({ format: 'pem', type: 'spki' }) as string],
  'a public JWK': ['ES256', () => JSON.stringify(generate.ES256().publicKey.export({ format: 'jwk' }))],
  'a key behind a passphrase': ['ES256', () => generate.ES256().privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' }) as string],
  'half a key': ['ES256', () => pem(generate.ES256().privateKey).slice(0, 80)],
  'no key': ['ES256', () => 'hunter2-is-no-key'],
  'broken JSON': ['ES256', () => '{"kty":"EC","d":"hunter2']
}

t.test('a key that does not suit is refused at the start, and not repeated', async (t) => {
  for (const [name, [algorithm, make]] of Object.entries(unsuitable)) {
    const key = make()
    const settings = { issuer: 'i', algorithm, lifetimeMilliseconds: 60_000, previousKeys: [] }
    const error: unknown = await createAssertions({ ...settings, key }, Date.now).then(() => undefined, (reason: unknown) => reason)
    t.type(error, AssertionKeyError, name)
    const secret = key.includes('hunter2') ? 'hunter2' : key.slice(30, 60)
    t.notOk(String(error).includes(secret), `${name}: the message holds nothing of it`)
  }
})

t.test('serve ends with 78 and the name of the setting', async (t) => {
  const rsa = pem(generate.RS256().privateKey)
  const said: string[] = []
  const folder = t.testdir({ 'key.pem': rsa })
  const environment = {
    DOORWARD_SERVER_PUBLIC_URL: 'http://localhost:1',
    DOORWARD_SERVER_LISTEN: '127.0.0.1:0',
    DOORWARD_PROVIDER_ISSUER: 'http://localhost:1',
    DOORWARD_PROVIDER_CLIENT_ID: 'doorward',
    DOORWARD_UPSTREAM_URL: 'http://127.0.0.1:1',
    DOORWARD_LOG_LEVEL: 'silent',
    DOORWARD_ASSERTION_KEY_FILE: `${folder}/key.pem`
  }
  const code = await run(['serve'], {
    stdout: (text) => { said.push(text) },
    stderr: (text) => { said.push(text) },
    environment,
    cwd: folder,
    isTerminal: false,
    untilStopped: async () => { t.fail('it serves') }
  })
  t.equal(code, 78)
  t.match(said.join(''), /assertion\.key/i)
  t.notOk(said.join('').includes(rsa.slice(40, 80)))
})
