import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { loadConfiguration, problemText } from '../../src/config/index.ts'

/** One document of a file in cases/: what is given, then what is expected. */
interface Case {
  readonly it: string
  /** The five variables of a sidecar are set beside those of the case, which win; one without a value is not set. */
  readonly sidecar?: true
  readonly flag?: string
  /** What doorward.yaml says. */
  readonly file?: string
  readonly environment?: Readonly<Record<string, string | null>>
  /** Path → text, or the code of the error with which reading it fails. */
  readonly files?: Readonly<Record<string, string | { readonly fails: string }>>
  readonly expect: {
    readonly source?: string
    readonly warnings?: readonly string[]
    /** What the configuration must hold, at least. Bytes are in base64. */
    readonly configuration?: object
    /** Every problem, in order. */
    readonly problems?: readonly string[]
  }
}

const sidecar = {
  DOORWARD_SERVER_PUBLIC_URL: 'https://app.example.com',
  DOORWARD_PROVIDER_ISSUER: 'https://idp.example.com',
  DOORWARD_PROVIDER_CLIENT_ID: 'app',
  DOORWARD_PROVIDER_CLIENT_SECRET: 's3cret',
  DOORWARD_UPSTREAM_URL: 'http://127.0.0.1:8080'
}

const folder = new URL('cases/', import.meta.url)

for (const name of readdirSync(folder)) {
  for (const document of parseAllDocuments(readFileSync(new URL(name, folder), 'utf8'))) {
    const { it, expect, ...given } = document.toJS() as Case
    test(`${name}: ${it}`, async (t) => {
      const outcome = load(given)
      if (!outcome.ok) {
        t.strictSame(outcome.problems.map(problemText), expect.problems)
        return
      }
      t.equal(expect.problems, undefined, 'a valid configuration was expected')
      t.hasStrict(plain(outcome.configuration), expect.configuration ?? {})
      if (expect.source !== undefined) t.equal(outcome.source, expect.source)
      if (expect.warnings !== undefined) t.strictSame(outcome.warnings, expect.warnings)
    })
  }
}

function load ({ sidecar: besides, flag, file, environment = {}, files = {} }: Omit<Case, 'it' | 'expect'>) {
  const disk = new Map(Object.entries(files))
  if (file !== undefined) disk.set('doorward.yaml', file)
  return loadConfiguration({
    file: flag,
    environment: withoutEmpty({ ...besides && sidecar, ...environment }),
    readFile (path) {
      const text = disk.get(path) ?? { fails: 'ENOENT' }
      if (typeof text !== 'string') throw Object.assign(new Error('can not be read'), { code: text.fails })
      return text
    }
  })
}

function withoutEmpty (environment: Readonly<Record<string, string | null>>): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== null))
}

function plain (value: unknown): unknown {
  if (Buffer.isBuffer(value)) return value.toString('base64')
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}
