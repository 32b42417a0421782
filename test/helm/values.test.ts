/** What the chart may be given: its defaults, and what it refuses before anything is installed. */
import { globSync, readFileSync } from 'node:fs'
import { type Test, test } from 'tap'
import { parse, stringify } from 'yaml'
import { chartValues } from '../../scripts/chart-values.ts'
import { chart, filesOf, render } from '../../scripts/render-chart.ts'
import { settings } from '../../src/config/index.ts'
import { missingPart } from '../support/parts.ts'
import { type Manifest, manifestsIn, only, stderrOf } from './manifests.ts'

const helm = missingPart('helm')

function read (path: string): unknown {
  return parse(readFileSync(path, 'utf8'))
}

/** What Helm makes of a case with further values over its own. */
async function rendered (t: Test, values: object, over = 'minimal'): Promise<Manifest[]> {
  // Helm reads YAML 1.1, where `off` is false.
  const folder = t.testdir({ 'values.yaml': stringify(values, { version: '1.1' }) })
  return manifestsIn(await render(chart, ['--values', filesOf(over).values, '--values', `${folder}/values.yaml`]))
}

test('values.yaml says every default, as the schema of the values has it', async (t) => {
  t.strictSame(read(`${chart}/values.yaml`), chartValues.parse({}))
})

test('the schema of the values knows no secret of the configuration', async (t) => {
  t.notMatch(JSON.stringify(read(`${chart}/values.schema.json`)), 'writeOnly')
})

test('chart and application have the version of the package', async (t) => {
  const { version } = read(new URL('../../package.json', import.meta.url).pathname) as { version: string }
  const { version: chartVersion, appVersion } = read(`${chart}/Chart.yaml`) as { version: string, appVersion: string }
  t.strictSame({ chartVersion, appVersion }, { chartVersion: version, appVersion: version })
})

test('where the chart takes a setting for granted, it takes the default of Doorward', async (t) => {
  const templates = globSync('templates/**/*', { cwd: chart }).filter((path) => /\.(tpl|yaml|txt)$/.test(path)).map((path) => readFileSync(`${chart}/${path}`, 'utf8')).join('\n')
  const taken = [...templates.matchAll(/dig ((?:"\w+" )+)"([^"]+)" \.Values\.config/g)].map(([, keys = '', value]) => [keys.replaceAll('"', '').trim().replaceAll(' ', '.'), value])
  t.ok(taken.length > 4)
  for (const [path = '', value] of taken.filter(([path]) => path !== 'admin.listen')) t.equal(settings.find((setting) => setting.path === path)?.default, value, path)
})

test('pods get as long as they drain, and five seconds to close', { skip: helm }, async (t) => {
  const graceOf = async (server: object): Promise<number> => only('Deployment', await rendered(t, { config: { server } })).spec.template.spec.terminationGracePeriodSeconds
  t.equal(await graceOf({}), 5 + 25 + 5)
  t.equal(await graceOf({ drainDelay: '1500ms', drainTimeout: '2m' }), 2 + 120 + 5)
  t.equal(await graceOf({ drainDelay: '0s', drainTimeout: '1h' }), 3600 + 5)
})

test('another configuration is another pod, unless that is switched off', { skip: helm }, async (t) => {
  const annotations = async (values: object): Promise<unknown> => only('Deployment', await rendered(t, values)).spec.template.metadata.annotations
  const before = await annotations({})
  t.match(before, { 'checksum/doorward': /^[0-9a-f]{64}$/ })
  t.strictSame(await annotations({ replicas: 1 }), before)
  t.notSame(await annotations({ config: { log: { level: 'debug' } } }), before)
  t.equal(await annotations({ rollOnConfigChange: false }), undefined)
})

interface Refusal {
  readonly values: object
  readonly says: string
  readonly over?: string
}

const grown = { replicas: 2 }
const sessionSecret = { 'session.secret': { name: 'doorward', key: 'session-secret' } }
const assertionKey = { 'assertion.key': { name: 'doorward', key: 'assertion-key' } }

const refusals: Readonly<Record<string, Refusal>> = {
  'no image': { values: { image: { repository: '' } }, says: 'image.repository: expected where your image of Doorward is' },
  'a tag beside a digest': { values: { image: { tag: '1' } }, says: 'image: expected a tag or a digest, found both', over: 'ingress' },
  'a digest that is none': { values: { image: { digest: 'sha256:1' } }, says: "at '/image/digest'" },
  'a misspelt value': { values: { replicaCount: 3 }, says: "additional properties 'replicaCount' not allowed" },
  'no configuration': { values: { existingConfigMap: '' }, says: 'config: expected the configuration', over: 'everything' },
  'a configuration that is null': { values: { config: null }, says: "missing property 'config'" },
  'two configurations': { values: { existingConfigMap: 'other' }, says: 'config: expected config or existingConfigMap, found both' },
  'a misspelt setting': { values: { config: { session: { idleTimout: '1h' } } }, says: "at '/config/session': additional properties 'idleTimout' not allowed" },
  'a setting of another kind': { values: { config: { session: { idleTimeout: 30 } } }, says: "at '/config/session/idleTimeout': got number, want string" },
  'a configuration without public URL': { values: { existingConfigMap: '', config: { log: { level: 'debug' } } }, says: "at '/config': missing property 'server'", over: 'everything' },
  'a secret in the ConfigMap': { values: { config: { provider: { clientSecret: 's3cret' } } }, says: "additional properties 'clientSecret' not allowed" },
  'a secret of one of several providers in the ConfigMap': { values: { config: { providers: [{ issuer: 'https://login.example.com', clientId: 'a', clientSecret: 's3cret' }] } }, says: "additional properties 'clientSecret' not allowed" },
  'a password in the address of Redis': { values: { config: { session: { redis: { url: 'redis://:s3cret@redis' } } } }, says: 'config.session.redis.url: holds a password' },
  'a secret in the Deployment': { values: { env: [{ name: 'DOORWARD_SESSION_SECRET', value: 's3cret' }] }, says: "at '/env/0'" },
  'a Secret for what is no secret setting': { values: { secrets: { 'provider.clientSecrets': { name: 'a', key: 'b' } } }, says: "invalid propertyName 'provider.clientSecrets'" },
  'a variable that the chart sets': { values: { env: [{ name: 'DOORWARD_ADMIN_LISTEN', value: '0.0.0.0:1' }] }, says: 'env: DOORWARD_ADMIN_LISTEN is set by the chart; expected config.admin.listen' },
  'the same secret twice': { values: { env: [{ name: 'DOORWARD_PROVIDER_CLIENT_SECRET_FILE', value: '/x' }] }, says: 'env: DOORWARD_PROVIDER_CLIENT_SECRET_FILE is set by the chart; expected it in secrets alone' },
  'a drain that the chart would not see': { values: { env: [{ name: 'DOORWARD_SERVER_DRAIN_TIMEOUT', value: '5m' }] }, says: 'expected config.server.drainTimeout' },
  'a unix socket for people': { values: { config: { server: { listen: 'unix:/run/d.sock' } } }, says: "config.server.listen: a Service can't reach a unix socket" },
  'probes that reach nothing': { values: { config: { admin: { listen: '127.0.0.1:4181' } } }, says: 'would not reach 127.0.0.1:4181' },
  'a word without quotes that is none in YAML 1.1': { values: { config: { admin: { listen: false } } }, says: "at '/config/admin/listen': got boolean, want string" },
  'no admin listener': { values: { config: { admin: { listen: 'off' } } }, says: 'would not reach off' },
  'one port for people and probes': { values: { config: { admin: { listen: '0.0.0.0:4180' } } }, says: 'expected another port' },
  'pods that would be killed while they drain': { values: { terminationGracePeriodSeconds: 20 }, says: 'expected at least 35' },
  'several pods without a common session secret': { values: { ...grown, secrets: assertionKey }, says: 'session.secret is missing' },
  'several pods without a common assertion key': { values: { ...grown, secrets: sessionSecret }, says: 'assertion.key is missing' },
  'several pods that keep sessions in memory': { values: { ...grown, config: { session: { store: 'memory' } }, secrets: { ...sessionSecret, ...assertionKey } }, says: 'config.session.store: memory is that of one pod' },
  'scaling that could grow without a common session secret': { values: { autoscaling: { enabled: true } }, says: 'session.secret is missing' },
  'a least number above the largest': { values: { autoscaling: { minReplicas: 11 } }, says: 'autoscaling.minReplicas: expected at most maxReplicas', over: 'gateway-api' },
  'a disruption budget that lets nothing be moved': { values: { podDisruptionBudget: { maxUnavailable: 0 } }, says: "at '/podDisruptionBudget/maxUnavailable'" },
  'a route without Gateway': { values: { httpRoute: { enabled: true } }, says: 'httpRoute.parentRefs: expected the Gateway' },
  'an Ingress for hosts that the chart can’t know': { values: { ingress: { hosts: [] } }, says: 'ingress.hosts: expected the hosts', over: 'everything' },
  'a route for hosts that the chart can’t know': { values: { httpRoute: { hostnames: [] } }, says: 'httpRoute.hostnames: expected the hosts', over: 'everything' },
  'a Prometheus that is kept out': { values: { serviceMonitor: { enabled: true } }, says: 'networkPolicy.adminFrom: Prometheus could not reach the admin port' },
  'an Ingress to a sidecar': { values: { ingress: { enabled: true } }, says: 'ingress: belongs to your workload', over: 'sidecar' }
}

for (const [what, { values, says, over }] of Object.entries(refusals)) {
  test(`${what}: refused, and said why`, { skip: helm }, async (t) => {
    t.match(await stderrOf(rendered(t, values, over)), says)
  })
}

test('a refusal repeats no secret', { skip: helm }, async (t) => {
  for (const { values, over } of Object.values(refusals).filter((refusal) => JSON.stringify(refusal).includes('s3cret'))) {
    t.notMatch(await stderrOf(rendered(t, values, over)), 's3cret')
  }
})
