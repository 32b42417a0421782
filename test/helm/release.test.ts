/** What is run beside the gateway itself: the question of `helm test`, and the container in a workload of somebody else's. */
import { execFile } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Test, test } from 'tap'
import { parse, stringify } from 'yaml'
import { kubernetesVersions } from '../../scripts/kubernetes-schemas.ts'
import { chart, filesOf, render } from '../../scripts/render-chart.ts'
import { startJourney } from '../flows/journey.ts'
import { missingPart } from '../support/parts.ts'
import { complaints, goldenOf, manifestsIn, missingSchemas, only, stderrOf } from './manifests.ts'

/** Runs the container of `helm test`, with addresses of here in place of those in a cluster. */
async function askAs (environment: Readonly<Record<string, string>>): Promise<{ stdout: string, stderr?: string }> {
  const [container] = only('Pod', manifestsIn(goldenOf('minimal'))).spec.containers
  const known = Object.fromEntries((container?.env ?? []).map(({ name, value = '' }) => [name, value]))
  return await promisify(execFile)(process.execPath, container?.args ?? [], { env: { ...known, ...environment } })
}

test('helm test: passes where the release is ready and answers under its public name', async (t) => {
  const { gateway, browser, url } = await startJourney(t, { publicUrl: 'https://reports.example.com' })
  await browser.signIn(url('/'), 'bob')
  const addresses = { READY_URL: `${gateway.admin}/readyz`, SESSION_URL: `http://127.0.0.1:${gateway.port}/oidc/session` }
  t.equal((await askAs(addresses)).stdout, `${addresses.READY_URL}: 200\n${addresses.SESSION_URL}: 401\n`)
  t.match(await stderrOf(askAs({ ...addresses, PUBLIC_HOST: 'other.example.com' })), 'expected 401, found 421')
})

test('helm test: fails where the release is not ready', async (t) => {
  const { gateway } = await startJourney(t, { issuer: 'http://localhost:1' })
  t.match(await stderrOf(askAs({ READY_URL: `${gateway.admin}/readyz` })), 'expected 200, found 503')
})

/** YAML of docs/kubernetes.md, by its first line. */
function excerpts (first: string): string[] {
  const page = readFileSync(new URL('../../docs/kubernetes.md', import.meta.url), 'utf8')
  return [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, excerpt = '']) => excerpt).filter((excerpt) => excerpt.startsWith(`${first}\n`))
}

function readValues (name: string): object {
  return parse(readFileSync(filesOf(name).values, 'utf8')) as object
}

/** A chart that depends on this one. */
async function renderedWithin (t: Test, values: object): Promise<string> {
  const folder = t.testdir({
    'Chart.yaml': stringify({ apiVersion: 'v2', name: 'reports', version: '1.0.0', dependencies: [{ name: 'doorward', version: '*', condition: 'doorward.enabled' }] }),
    'values.yaml': stringify({ doorward: { enabled: true, ...values } }),
    templates: { 'deployment.yaml': excerpts('# templates/deployment.yaml').join('') },
    charts: {}
  })
  cpSync(chart, `${folder}/charts/doorward`, { recursive: true })
  return await render(folder, [])
}

test('a sidecar is the very container of a Deployment, in a chart that depends on this one', { skip: missingPart('helm') || missingSchemas() }, async (t) => {
  const text = await renderedWithin(t, readValues('sidecar'))
  for (const version of kubernetesVersions) t.strictSame(await complaints(text, version), [], version)
  const manifests = manifestsIn(text)
  t.strictSame(manifests.map(({ kind }) => kind).sort(), ['ConfigMap', 'Deployment'])

  const { template } = only('Deployment', manifests).spec
  const alone = only('Deployment', manifestsIn(await renderedWithin(t, { ...readValues('sidecar'), mode: 'deployment' }))).spec.template
  t.strictSame(template.spec.containers.map(({ name }) => name), ['reports', 'doorward'])
  t.strictSame(template.spec.containers[1], alone.spec.containers.find(({ name }) => name === 'doorward'))
  t.strictSame(template.spec.volumes, alone.spec.volumes)
})

test('the container in the documentation is the one that the chart makes', { skip: missingPart('helm') }, async (t) => {
  const { spec } = only('Deployment', manifestsIn(await renderedWithin(t, { ...readValues('sidecar'), mode: 'deployment', fullnameOverride: 'doorward' }))).spec.template
  t.strictSame(excerpts('# of a pod').map((excerpt) => parse(excerpt) as unknown), [{ containers: spec.containers, volumes: spec.volumes }])
})

test('the values in the documentation are accepted, whole or in part', { skip: missingPart('helm') }, async (t) => {
  const [whole = '', ...parts] = excerpts('# values.yaml')
  t.equal(parts.length, 2)
  for (const part of ['', ...parts]) {
    const folder = t.testdir({ 'whole.yaml': whole, 'part.yaml': part })
    t.ok(await render(chart, ['--values', `${folder}/whole.yaml`, '--values', `${folder}/part.yaml`]), part)
  }
})
