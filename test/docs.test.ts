import { readFileSync } from 'node:fs'
import { test } from 'tap'
import { parse } from 'yaml'
import { staleFiles } from '../scripts/generate-docs.ts'
import { loadConfiguration, problemText, settings } from '../src/config/index.ts'
import { problems } from '../src/errors.ts'

const example = readFileSync(new URL('../config/doorward.example.yaml', import.meta.url), 'utf8')

/** Settings that the example shows with content of its own. */
const exemplary = ['provider.authorizationParams', 'groups.rename', 'roles.mapping', 'access.rules', 'headers.set']

function page (name: string): string {
  return readFileSync(new URL(`../docs/${name}`, import.meta.url), 'utf8')
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
