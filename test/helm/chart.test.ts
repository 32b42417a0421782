/** What the chart makes of values: as it is checked in, as Kubernetes takes it, and as Doorward understands it. */
import { execFile } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { test } from 'tap'
import { kubernetesVersions } from '../../scripts/kubernetes-schemas.ts'
import { cases, chart, filesOf, kubernetes, render } from '../../scripts/render-chart.ts'
import { run } from '../../src/cli/index.ts'
import { makeCertificates } from '../support/certificates.ts'
import { testSecret } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { complaints, goldenOf, manifestsIn, missingSchemas } from './manifests.ts'

const helm = missingPart('helm')

for (const name of cases) {
  test(`${name}: Helm makes of it what is checked in; \`npm run docs:chart\` writes it anew`, { skip: helm }, async (t) => {
    t.equal(await render(chart, ['--values', filesOf(name).values]), goldenOf(name))
  })

  test(`${name}: helm lint has nothing to say`, { skip: helm }, async (t) => {
    const { stdout } = await promisify(execFile)('helm', ['lint', chart, '--strict', '--quiet', ...kubernetes, '--values', filesOf(name).values])
    t.equal(stdout.trim(), '')
  })

  test(`${name}: Kubernetes takes it, the oldest as well as the newest`, { skip: missingSchemas() }, async (t) => {
    for (const version of kubernetesVersions) t.strictSame(await complaints(goldenOf(name), version), [], version)
  })
}

/** Files that Secrets would be, by the names that the cases give them. */
const secrets = {
  'provider.clientSecret': 'secret',
  'session.secret': testSecret,
  'session.redis.password': 'secret',
  'assertion.key': generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  'corp-client-secret': 'secret',
  'partner-client-secret': 'secret'
}

test('`doorward check` finds nothing wrong with a ConfigMap, beside the variables and files of its container', { skip: missingPart('openssl') }, async (t) => {
  const { cert, key } = await makeCertificates(t)
  for (const name of cases) {
    const manifests = manifestsIn(goldenOf(name))
    const configuration = manifests.find(({ data }) => data?.['doorward.yaml'] !== undefined)?.data?.['doorward.yaml']
    if (configuration === undefined) continue
    const folder = t.testdir({ secrets: { doorward: secrets }, tls: { 'tls.crt': cert, 'tls.key': key } })
    const here = (text: string): string => text.replaceAll('/run/', `${folder}/`).replaceAll('/etc/doorward/', `${folder}/`)
    writeFileSync(`${folder}/doorward.yaml`, here(configuration))
    const container = manifests.find(({ kind }) => kind === 'Deployment')?.spec.template.spec.containers[0]
    const environment = Object.fromEntries((container?.env ?? []).map((variable) => [variable.name, here(variable.value ?? '')]))
    t.strictSame(await check({ DOORWARD_CONFIG: `${folder}/doorward.yaml`, ...environment }, folder), { code: 0, problems: [] }, name)
  }
})

async function check (environment: Readonly<Record<string, string>>, cwd: string): Promise<{ code: number, problems: string[] }> {
  let output = ''
  const code = await run(['check'], {
    stdout: () => {},
    stderr: (text) => { output += text },
    environment,
    cwd,
    isTerminal: false,
    untilStopped: async () => { throw new Error('nothing was expected to be served') }
  })
  return { code, problems: output.split('\n').filter((line) => line !== '' && !line.includes('warning')) }
}
