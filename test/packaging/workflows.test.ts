/** What runs at every change and at a release, and what it may do there; and the service of systemd. */
import { execFile } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'tap'
import { parse } from 'yaml'
import { loadConfiguration } from '../../src/config/index.ts'
import { missingPart, partPath } from '../support/parts.ts'

const run = promisify(execFile)
const project = new URL('../../', import.meta.url)

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>
  readonly jobs: Readonly<Record<string, { readonly 'timeout-minutes'?: number, readonly permissions?: Readonly<Record<string, string>>, readonly steps: readonly Step[] }>>
}

function textOf (path: string): string {
  return readFileSync(new URL(path, project), 'utf8')
}

const workflows = globSync('.github/workflows/*.yml', { cwd: project })

test('workflows use actions by commit, ask for little, and put nothing that others write into a script', async (t) => {
  t.ok(workflows.length >= 2)
  for (const file of workflows) {
    const text = textOf(file)
    const { permissions, jobs } = parse(text) as Workflow
    t.strictSame(permissions, {}, `${file}: nothing, but for what a job asks for`)
    for (const [, reference = ''] of text.matchAll(/uses: (.*)/g)) t.match(reference, /^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
    for (const [name, job] of Object.entries(jobs)) {
      t.ok(job.permissions !== undefined && job['timeout-minutes'] !== undefined, `${file}: ${name}`)
      for (const step of job.steps) {
        t.notMatch(step.run ?? '', '${{', `${file}: ${name}`)
        // A script of a dependency may fetch what no lock file knows, in a job that may publish.
        t.notMatch(step.run ?? '', /npm ci(?!.* --ignore-scripts)/, `${file}: ${name}`)
        if (step.uses?.startsWith('actions/checkout@') === true) t.strictSame(step.with, { 'persist-credentials': false })
      }
    }
  }
})

test('whatever a release publishes says where it comes from', async (t) => {
  const { jobs } = parse(textOf('.github/workflows/release.yml')) as Workflow
  for (const name of ['image', 'chart']) t.ok(jobs[name]?.steps.some(({ uses }) => uses?.startsWith('actions/attest-build-provenance@')), name)
  t.ok(jobs['package']?.steps.some(({ run }) => run?.includes('npm publish --provenance')))
})

test('systemd understands the service, and finds little that it could do', { skip: missingPart('systemd-analyze') }, async (t) => {
  const unit = fileURLToPath(new URL('packaging/doorward.service', project))
  const { stdout, stderr } = await run(partPath('systemd-analyze'), ['verify', '--man=no', unit]).catch((error: unknown) => error as { stdout: string, stderr: string })
  // What it starts need not be installed here.
  t.strictSame(`${stdout}${stderr}`.split('\n').filter((line) => line !== '' && !line.includes('is not executable')), [])
  const { stdout: exposure } = await run(partPath('systemd-analyze'), ['security', '--offline=true', '--threshold=20', unit], { env: { ...process.env, SYSTEMD_COLORS: '0' } })
  t.match(exposure, /Overall exposure level for doorward\.service: [01]\.\d/)
})

test('what Node has compiled is kept where the service alone can write', async (t) => {
  const unit = textOf('packaging/doorward.service')
  t.match(unit, /^CacheDirectory=doorward\nCacheDirectoryMode=0700$/m)
  t.match(unit, /^Environment=NODE_COMPILE_CACHE=\/var\/cache\/doorward$/m)
})

test('systemd waits for longer than Doorward takes to drain', async (t) => {
  const outcome = loadConfiguration({
    file: undefined,
    environment: { DOORWARD_SERVER_PUBLIC_URL: 'https://a.example.com', DOORWARD_PROVIDER_ISSUER: 'https://b.example.com', DOORWARD_PROVIDER_CLIENT_ID: 'a', DOORWARD_UPSTREAM_URL: 'http://127.0.0.1:1' }
  })
  const [, seconds] = /^TimeoutStopSec=(\d+)s$/m.exec(textOf('packaging/doorward.service')) ?? []
  t.ok(outcome.ok && Number(seconds) * 1_000 > outcome.configuration.server.drainTimeout + 5_000)
})
