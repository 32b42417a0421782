/** The npm package: what is in it, and that it runs where it is installed. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, globSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { test } from 'tap'
import { freePort } from '../support/gateway.ts'

const run = promisify(execFile)
const project = resolve(import.meta.dirname, '../..')

/** Beside one file in `dist` for each source. */
const others = [
  'CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json',
  'config/audit.schema.json', 'config/doorward.example.yaml', 'config/doorward.schema.json', 'config/policy.test.example.yaml'
]

interface Packed {
  readonly filename: string
  readonly files: ReadonlyArray<{ readonly path: string }>
}

/** As `npm publish` makes it, in a folder where nothing is left of an earlier build. */
async function pack (folder: string): Promise<Packed> {
  for (const path of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'src', ...others]) cpSync(join(project, path), join(folder, path), { recursive: true })
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'))
  const { stdout } = await run('npm', ['pack', '--json', '--foreground-scripts=false'], { cwd: folder, maxBuffer: 10_000_000 })
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as Packed[]
  if (packed === undefined) throw new Error(`nothing was packed:\n${stdout}`)
  return packed
}

test('the package holds what runs and what explains it, and runs where it is installed', { timeout: 600_000 }, async (t) => {
  const folder = t.testdir({ project: {}, elsewhere: {} })
  const { filename, files } = await pack(join(folder, 'project'))
  const built = globSync('**/*.ts', { cwd: join(project, 'src') }).map((path) => `dist/${path.replace(/ts$/, 'js')}`)
  t.strictSame(files.map(({ path }) => path).sort(), [...built, ...others].sort())

  const elsewhere = join(folder, 'elsewhere')
  writeFileSync(join(elsewhere, 'package.json'), '{ "private": true }')
  await run('npm', ['install', '--omit=dev', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', join(folder, 'project', filename)], { cwd: elsewhere })
  const { version } = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8')) as { version: string }
  const { stdout } = await run('npx', ['--no-install', 'doorward', '--version'], { cwd: elsewhere })
  t.equal(stdout, `doorward ${version}\n`)

  const [port, adminPort] = [await freePort(), await freePort()]
  const environment = {
    PATH: process.env.PATH,
    DOORWARD_SERVER_PUBLIC_URL: 'http://localhost:1',
    DOORWARD_SERVER_LISTEN: `127.0.0.1:${port}`,
    DOORWARD_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    DOORWARD_PROVIDER_ISSUER: 'http://localhost:1',
    DOORWARD_PROVIDER_CLIENT_ID: 'doorward',
    DOORWARD_UPSTREAM_URL: 'http://127.0.0.1:1'
  }
  const child = spawn(join(elsewhere, 'node_modules/.bin/doorward'), ['serve'], { cwd: elsewhere, env: environment, stdio: 'ignore' })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let status: number | undefined
  while (status === undefined && child.exitCode === null) {
    await delay(50)
    status = await fetch(`http://127.0.0.1:${adminPort}/livez`).then((answer) => answer.status, () => undefined)
  }
  t.equal(status, 200)
})
