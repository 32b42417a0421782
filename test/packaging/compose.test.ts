/** What `docker compose up` is told, by the schema of those who read it, and what Doorward is told there. */
import { readFileSync } from 'node:fs'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { test } from 'tap'
import { parse } from 'yaml'
import { loadConfiguration, problemText } from '../../src/config/index.ts'
import { freePort } from '../support/gateway.ts'
import { missingPart, partPath } from '../support/parts.ts'

const project = new URL('../../', import.meta.url)

interface Service {
  readonly ports?: readonly string[]
  readonly network_mode?: string
  readonly command: readonly string[]
  readonly configs?: ReadonlyArray<{ readonly source: string, readonly target: string }>
  readonly stop_grace_period?: string
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly configs: Readonly<Record<string, { readonly file: string }>>
}

interface Realm {
  readonly realm: string
  readonly clients: ReadonlyArray<{ readonly clientId: string, readonly publicClient: boolean, readonly redirectUris: readonly string[], readonly secret?: string }>
}

function textOf (path: string): string {
  return readFileSync(new URL(path, project), 'utf8')
}

const compose = parse(textOf('compose.yaml')) as Compose
const file = 'demo/compose/doorward.yaml'

function configurationOf (sessionSecret: string) {
  return loadConfiguration({ file, environment: {}, readFile: (path) => path.endsWith('doorward.yaml') ? textOf(file) : sessionSecret })
}

test('compose.yaml is what the Compose Specification allows', async (t) => {
  // compose-spec.schema.json is that of github.com/compose-spec/compose-go 2.16.2 (Apache-2.0), unchanged.
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const validate = ajv.compile(JSON.parse(textOf('test/packaging/compose-spec.schema.json')) as object)
  t.ok(validate(compose), JSON.stringify(validate.errors))
  t.notOk(validate({ ...compose, services: { doorward: { imagee: 'x' } } }), 'the schema is one that refuses')
})

test('every file that it names is there, and only loopback reaches what it publishes', async (t) => {
  for (const { configs = [], ports = [], network_mode: network } of Object.values(compose.services)) {
    for (const { source } of configs) t.ok(textOf(compose.configs[source]?.file ?? ''), source)
    for (const port of ports) t.match(port, /^127\.0\.0\.1:(\d+):\1$/)
    t.ok(ports.length > 0 || network === 'service:doorward' || network === 'none')
  }
})

test('Doorward accepts its configuration, which holds no secret, and would refuse one of the demo there', async (t) => {
  const outcome = configurationOf(Buffer.alloc(32, 1).toString('base64'))
  if (!outcome.ok) throw new Error(outcome.problems.map(problemText).join('\n'))
  const { server, provider, upstream } = outcome.configuration
  const realm = JSON.parse(textOf('demo/compose/realm.json')) as Realm
  t.equal(provider?.issuer, `http://localhost:4182/realms/${realm.realm}`)
  t.match(realm.clients, [{ clientId: provider?.clientId, publicClient: true, secret: undefined, redirectUris: [`${server.publicUrl}/oidc/callback`] }])
  t.equal(upstream?.url?.toString().replace(/\/$/, ''), 'http://127.0.0.1:8080')
  t.ok(Number.parseInt(compose.services['doorward']?.stop_grace_period ?? '') * 1_000 > server.drainTimeout)

  const known = configurationOf((parse(textOf('demo/doorward.yaml')) as { session: { secret: string } }).session.secret)
  t.match(known.ok ? [] : known.problems.map(problemText), [/session\.secret.*everybody knows/])
})

test('the application greets whom the header names, and escapes what it shows', { skip: missingPart('python3') }, async (t) => {
  const port = await freePort()
  const child = spawn(partPath('python3'), ['-u', new URL('demo/compose/application.py', project).pathname], { env: { PORT: String(port) }, stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  child.stderr.resume()
  const page = async (headers: Record<string, string>): Promise<string> => {
    for (;;) {
      const answer = await fetch(`http://127.0.0.1:${port}/reports`, { headers }).catch(() => undefined)
      if (answer !== undefined) return await answer.text()
      if (child.exitCode !== null) throw new Error('it has ended')
      await new Promise((resolve) => { setTimeout(resolve, 50) })
    }
  }
  t.match(await page({ 'x-remote-user': 'alice' }), '<h1>Hello, alice</h1>')
  t.match(await page({ 'x-remote-user': '<b>', OIDC_CLAIM_email: 'a@example.com' }), /Hello, &lt;b&gt;[^]*<td>HTTP_OIDC_CLAIM_EMAIL<\/td><td>a@example.com/)
})
