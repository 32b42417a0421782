import { generateKeyPairSync } from 'node:crypto'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'
import { test } from 'tap'
import { parse } from 'yaml'
import { moduleOf, officialTests } from '../scripts/conformance-table.ts'
import { staleFiles } from '../scripts/generate-docs.ts'
import { loadConfiguration, problemText, settings } from '../src/config/index.ts'
import { problems } from '../src/errors.ts'
import { auditEvents } from '../src/observability/audit-events.ts'
import { createMetrics, subsystems } from '../src/observability/index.ts'
import { advice } from '../src/oidc/advice.ts'
import { outageReason } from '../src/oidc/outage-reason.ts'
import { parseExposition } from './admin/scrape.ts'
import { conformancePlans } from './conformance/modules.ts'
import { auditProblems } from './support/audit-line.ts'

const example = readFileSync(new URL('../config/doorward.example.yaml', import.meta.url), 'utf8')

/** Settings that the example shows with content of its own, or in a comment since they exclude others. */
const exemplary = ['providers', 'upstream.url', 'upstreams', 'upstream.static.status', 'upstream.static.body', 'upstream.static.contentType', 'provider.authorizationParams', 'groups.rename', 'roles.mapping', 'access.rules', 'headers.set']

const root = new URL('../', import.meta.url)
const pages = globSync(['*.md', 'docs/**/*.md', 'helm/**/*.md'], { cwd: root })

function page (name: string): string {
  return textOf(`docs/${name}`)
}

function textOf (path: string): string {
  return readFileSync(new URL(path, root), 'utf8')
}

function valueIn (value: unknown, keys: readonly string[]): unknown {
  return keys.reduce((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], value)
}

test('what is generated is current; `npm run docs` makes it so', async (t) => {
  t.strictSame(await staleFiles(), [])
})

test('every setting and its variable are documented', async (t) => {
  const reference = page('configuration.md')
  for (const { path, variable = '' } of settings) {
    const row = reference.split('\n').find((line) => line.startsWith(`| \`${path}\` |`))
    t.ok(row?.includes(variable), path)
  }
})

test('every error is documented', async (t) => {
  const reference = page('errors.md')
  for (const [code, { status, title }] of Object.entries(problems)) t.match(reference, `| \`${code}\` | ${status} | ${title} |`)
})

test('whatever the log advises on is in the troubleshooting page', async (t) => {
  const rows = page('troubleshooting.md').split('\n').filter((line) => line.startsWith('| '))
  for (const [code, text] of Object.entries(advice)) t.ok(rows.some((row) => row.includes(`\`${code}\``) && row.endsWith(`| ${text}. |`)), code)
  for (const code of ['ENOTFOUND', 'ECONNREFUSED', 'ENETUNREACH', 'ETIMEDOUT', 'ECONNRESET', 'UND_ERR_RES_EXCEEDED_MAX_SIZE', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'EPROTO', 'OAUTH_PARSE_ERROR', 'NEW']) {
    const words = outageReason({ code }).replace(` (${code})`, '')
    t.ok(rows.some((row) => row.startsWith(`| ${words} |`)), words)
  }
})

test('every metric is documented, with its type, its labels and what it says', async (t) => {
  const metrics = createMetrics({ version: '1', now: Date.now })
  metrics.configured(['default'])
  metrics.upstream('/').answered(1)
  metrics.requestEnded('own', 200, 1)
  metrics.providerAnswered('default', 'token', 1)
  const found = Object.entries(parseExposition((await metrics.exposition()).text)).filter(([name]) => !/^(process|nodejs)_/.test(name))
  const rows = found.map(([name, { type, help, samples }]) => {
    const labels = Object.keys(samples)[0]?.match(/\w+(?==")/g)?.filter((label) => label !== 'le').map((label) => `\`${label}\``)
    return `| ${[`\`${name}\``, type, labels?.join(', ') ?? '', help].join(' | ')} |`.replace('|  |', '| |')
  })
  t.strictSame(page('metrics.md').split('\n').filter((line) => line.startsWith('| `doorward_')).sort(), rows.sort())
})

test('there is an example of every event of the audit trail, and each is what the schema says', async (t) => {
  const lines = [...page('audit.md').matchAll(/```json\n(.*?)```/gs)].flatMap(([, block = '']) => block.split('\n')).filter((line) => line !== '')
  t.strictSame(lines.flatMap(auditProblems), [])
  const shown = new Set(lines.map((line) => (JSON.parse(line) as { event: string }).event))
  t.strictSame([...shown].sort(), Object.keys(auditEvents).sort())
})

test('every subsystem and every event of the log is documented, with its level', async (t) => {
  const reference = page('logs.md')
  for (const [name, tells] of Object.entries(subsystems)) t.match(reference, `| \`${name}\` | ${tells} |`)
  const calls = globSync('src/**/*.ts', { cwd: root }).flatMap((file) => [...textOf(file).matchAll(/\.(debug|info|warn|error|fatal)\(\{ event: '([\w.]+)'/g)])
  t.ok(calls.length > 25)
  for (const [, level = '', event = ''] of calls) t.match(reference, `| \`${event}\` | ${level} | `)
})

test('the example is a valid configuration', async (t) => {
  const outcome = loadConfiguration({ file: 'config/doorward.example.yaml', environment: {}, readFile: () => example })
  t.strictSame(outcome.ok ? [] : outcome.problems.map(problemText), [])
})

test('the example shows every setting: with its default, or commented out where it has none', async (t) => {
  const shown: unknown = parse(example)
  for (const setting of settings) {
    const key = setting.keys.at(-1) ?? ''
    if (setting.keys.includes('*') || setting.keys.includes('[]') || exemplary.includes(setting.path)) t.match(example, `${key}:`, setting.path)
    else if (setting.default !== undefined) t.strictSame(valueIn(shown, setting.keys), setting.default, setting.path)
    else if (setting.required && valueIn(shown, setting.keys.slice(0, -1)) !== undefined) t.type(valueIn(shown, setting.keys), 'string', setting.path)
    else t.match(example, new RegExp(`^ +# +${key}: `, 'm'), setting.path)
  }
})

test('every link in the documentation leads to a file, and to a heading in it', async (t) => {
  t.ok(pages.length > 10)
  t.strictSame(pages.flatMap(brokenLinks), [])
})

test('every test that the documentation names is there, and it names every attack and every trap', async (t) => {
  const named = pages.flatMap(namedTests)
  t.strictSame(named.filter(({ name, file }) => !testNames(file).has(name)).map(({ name, file }) => `${file}: ${name}`), [])
  const files = new Set(named.map(({ file }) => file))
  t.strictSame(globSync('test/attacks/*.test.ts', { cwd: root }).filter((file) => !files.has(file)), [])
  const traps = [...textOf('test/attacks/known-traps.test.ts').matchAll(/^ {2}(E\d+): '(.*)',?$/gm)]
  t.ok(traps.length === 19)
  t.strictSame(traps.filter(([, id, trap]) => !page('security-model.md').includes(`| ${id} | ${trap} |`)), [])
})

test('a test under an official name is that of a module, and what can’t apply has none', async (t) => {
  const modules = conformancePlans.flatMap((plan) => plan.modules)
  const names = new Set(modules.map(([name]) => name))
  t.strictSame(officialTests().filter(({ title }) => !names.has(moduleOf(title))), [])
  const tested = new Set(officialTests().map(({ title }) => moduleOf(title)))
  t.strictSame(modules.filter(([name, , , notApplicable]) => notApplicable !== undefined && tested.has(name)), [])
  t.ok(tested.size > 30)
})

interface NamedTest {
  readonly name: string
  /** Below the root. */
  readonly file: string
}

/** A page names a test by a link whose text is the test's name. */
function namedTests (from: string): NamedTest[] {
  return [...textOf(from).matchAll(/\[([^\]]+)\]\(([^)]+\.test\.ts)\)/g)]
    .map(([, name = '', link = '']) => ({ name: name.replace(/\s+/g, ' '), file: new URL(link, new URL(from, root)).href.slice(root.href.length) }))
    // Of the file as a whole is spoken by its path.
    .filter(({ name, file }) => name !== file)
}

/** Names of the tests in a file, also as keys of a table; `…` stands for what differs where one is run for many values. */
function testNames (file: string): Set<string> {
  const lines = existsSync(new URL(file, root)) ? textOf(file).split('\n').filter((line) => /\btest\(|^ {2}'.+': /.test(line)) : []
  const literals = lines.flatMap((line) => [...line.matchAll(/(['`])((?:(?!\1).)+)\1/g)].map(([, , text = '']) => text))
  return new Set(literals.map((text) => text.replace(/\$\{[^}]*\}/g, '…')))
}

/** Links of a page to places of this project where there is nothing, as `page: link`. */
function brokenLinks (from: string): string[] {
  const links = [...textOf(from).matchAll(/\]\((?!https?:)([^)]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => !leadsSomewhere(link, from)).map((link) => `${from}: ${link}`)
}

function leadsSomewhere (link: string, from: string): boolean {
  const [path = '', heading] = link.split('#')
  const target = new URL(path === '' ? from.replace(/.*\//, '') : path, new URL(from, root))
  return existsSync(target) && (heading === undefined || headingsOf(readFileSync(target, 'utf8')).includes(heading))
}

/** As GitHub turns them into anchors. */
function headingsOf (markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, text = '']) => text.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'))
}

/** What an excerpt leaves out. */
const elsewhere = { DOORWARD_SERVER_PUBLIC_URL: 'https://app.example.com' }
const provider = {
  DOORWARD_PROVIDER_ISSUER: 'https://idp.example.com',
  DOORWARD_PROVIDER_CLIENT_ID: 'app'
}
const application = { DOORWARD_UPSTREAM_URL: 'http://127.0.0.1:8080' }

const secret = Buffer.alloc(32, 'for the tests').toString('base64')
const [certificate = ''] = rootCertificates
/** What a file holds, by the end of its name. */
const contents: Readonly<Record<string, string>> = { '.pem': certificate, '.key': generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }

test('every configuration in the documentation is valid, whole or in part', async (t) => {
  for (const from of pages) {
    for (const [, excerpt = ''] of textOf(from).matchAll(/```yaml\n(.*?)```/gs)) {
      // Of Kubernetes (test/helm proves those of docs/kubernetes.md), or for `doorward test` (test/cli/test-policy.test.ts).
      if (/^((containers|people|cases):|# (values\.yaml|templates\/|of a pod))/.test(excerpt)) continue
      const environment = { ...elsewhere, ...!/^providers:/m.test(excerpt) && provider, ...!/^upstreams:|static:/m.test(excerpt) && application }
      const readFile = (path: string): string => path === 'doorward.yaml' ? excerpt : contents[path.slice(-4)] ?? secret
      const outcome = loadConfiguration({ file: 'doorward.yaml', environment, readFile })
      t.strictSame(outcome.ok ? [] : outcome.problems.map(problemText), [], `${from}: ${excerpt.slice(0, 40)}`)
    }
  }
})
