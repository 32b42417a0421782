/** What Doorward is made of beside its own code, and how that is watched. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'tap'

const project = new URL('../../', import.meta.url)

interface Lock {
  readonly packages: Readonly<Record<string, { readonly version?: string, readonly integrity?: string, readonly resolved?: string, readonly dev?: boolean, readonly hasInstallScript?: boolean }>>
}

interface Package {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

function textOf (path: string): string {
  return readFileSync(new URL(path, project), 'utf8')
}

const { dependencies, devDependencies } = JSON.parse(textOf('package.json')) as Package
const installed = Object.entries((JSON.parse(textOf('package-lock.json')) as Lock).packages)
  .filter(([path]) => path !== '')
  .map(([path, entry]) => ({ name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length), ...entry }))
const production = installed.filter(({ dev }) => dev !== true)

/** The first version of each, by major version where there are several, without a known vulnerability that matters here. */
const leastVersions: Readonly<Record<string, readonly string[]>> = {
  fastify: ['5.12.1'],
  '@fastify/http-proxy': ['11.6.0'],
  '@fastify/reply-from': ['12.6.4'],
  undici: ['6.28.0', '7.29.0'],
  'find-my-way': ['9.7.0'],
  '@fastify/rate-limit': ['11.2.0'],
  '@fastify/static': ['10.1.2'],
  '@fastify/middie': ['9.3.3'],
  '@fastify/express': ['4.0.7'],
  '@fastify/session': ['11.1.3'],
  '@fastify/secure-session': ['7.3.0'],
  ws: ['8.21.0'],
  'fast-uri': ['3.1.6', '4.2.0']
}
/** Of Node, likewise; those older than the least that Doorward runs on need no mention. */
const leastNode = ['22.22.2', '24.14.1']

function isSafe (version: string, least: readonly string[]): boolean {
  const ofItsMajor = least.find((text) => majorOf(text) === majorOf(version))
  return ofItsMajor === undefined ? least.every((text) => majorOf(text) < majorOf(version)) : !isOlder(version, ofItsMajor)
}

function majorOf (version: string): number {
  return Number(version.split('.', 1)[0])
}

function isOlder (version: string, other: string): boolean {
  const [numbers, others] = [version, other].map((text) => text.split(/[.-]/).map(Number)) as [number[], number[]]
  const index = others.findIndex((number, place) => number !== numbers[place])
  return index !== -1 && (numbers[index] ?? 0) < (others[index] ?? 0)
}

test('every direct dependency is pinned exactly and has its reason in the decisions', async (t) => {
  const reasons = textOf('docs/decisions/0001-libraries.md')
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    t.match(version, /^\d+\.\d+\.\d+$/, `${name} ${version}`)
    t.ok(new RegExp(`(?<![\\w/@-])${name}(?![\\w/-])`).test(reasons), `${name} is named in 0001-libraries.md`)
  }
  const rows = [...reasons.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, names = '']) => names.trim().split(', ')).filter((name) => !/^(library|---)$/.test(name))
  t.strictSame(rows.sort(), Object.keys(dependencies).sort(), 'and nothing has a row that is not there')
})

test('no package is older than the first version without a vulnerability that matters here', async (t) => {
  const unsafe = production.filter(({ name, version = '' }) => leastVersions[name] !== undefined && !isSafe(version, leastVersions[name]))
  t.strictSame(unsafe.map(({ name, version }) => `${name} ${version}`), [])
  const [, nodeOfImage = ''] = /^ARG BUILD_IMAGE=node:([\d.]+)/m.exec(textOf('Dockerfile')) ?? []
  t.ok(isSafe(nodeOfImage, leastNode), `Node ${nodeOfImage} of the image`)
  t.strictSame(['5.12.0', '5.12.1', '5.13.0', '6.0.0', '4.99.99'].map((version) => isSafe(version, ['5.12.1'])), [false, true, true, true, false])
  t.strictSame(['6.27.0', '6.28.0', '7.1.0', '7.29.1'].map((version) => isSafe(version, ['6.28.0', '7.29.0'])), [false, true, false, true])
})

test('what is installed comes from the registry, with its hash, runs nothing while it is installed, and is little', async (t) => {
  t.strictSame(installed.filter(({ integrity }) => integrity === undefined || !integrity.startsWith('sha512-')).map(({ name }) => name), [])
  t.strictSame(installed.filter(({ resolved }) => resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')).map(({ name }) => name), [])
  t.strictSame(production.filter(({ hasInstallScript }) => hasInstallScript === true).map(({ name }) => name), [])
  t.ok(production.length <= 110, `${production.length} packages in production`)
  t.equal(production.filter(({ name }) => name === 'undici').length, 1, 'one HTTP client')
})

test('the bill of materials names every package that is in production, and no other', async (t) => {
  const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'sbom'], { cwd: fileURLToPath(project), maxBuffer: 20_000_000 })
  const { bomFormat, components } = JSON.parse(stdout) as { bomFormat: string, components: ReadonlyArray<{ purl: string }> }
  t.equal(bomFormat, 'CycloneDX')
  const named = new Set(components.map(({ purl }) => decodeURIComponent(purl)))
  t.strictSame([...named].sort(), [...new Set(production.map(({ name, version }) => `pkg:npm/${name}@${version}`))].sort())
})
