/** What the chart makes, as the tests read it, and whether Kubernetes would take it. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { parseAllDocuments } from 'yaml'
import { filesOf } from '../../scripts/render-chart.ts'
import { missingPart } from '../support/parts.ts'

export interface Container {
  readonly name: string
  readonly command?: readonly string[]
  readonly args: readonly string[]
  readonly env: ReadonlyArray<{ readonly name: string, readonly value?: string }>
}

export interface PodSpec {
  readonly terminationGracePeriodSeconds: number
  readonly containers: readonly Container[]
  readonly volumes: readonly unknown[]
}

/** As far as the tests read any kind of it. */
export interface Manifest {
  readonly kind: string
  readonly metadata: { readonly name: string }
  readonly data?: Readonly<Record<string, string>>
  readonly spec: PodSpec & { readonly template: { readonly metadata: { readonly annotations?: object }, readonly spec: PodSpec } }
}

/** Objects in a text of several YAML documents. */
export function manifestsIn (text: string): Manifest[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest | null).filter((manifest) => manifest !== null)
}

/** What is checked in for a case. */
export function goldenOf (name: string): string {
  return readFileSync(filesOf(name).golden, 'utf8')
}

/** The first of a kind. */
export function only (kind: string, manifests: readonly Manifest[]): Manifest {
  const found = manifests.find((manifest) => manifest.kind === kind)
  if (found === undefined) throw new Error(`no ${kind}`)
  return found
}

/** What a program that failed had to say. Throws when it did not fail. */
export async function stderrOf (running: Promise<unknown>): Promise<string> {
  const failure = await running.then(() => undefined, (error: unknown) => error as { stderr: string })
  if (failure === undefined) throw new Error('nothing was refused')
  return failure.stderr
}

const schemas = process.env.KUBERNETES_SCHEMAS ?? fileURLToPath(new URL('../../.kubernetes-schemas', import.meta.url))

/** For tap's `skip`, like `missingPart`. */
export function missingSchemas (): string | false {
  if (existsSync(schemas)) return missingPart('kubeconform')
  const reason = 'the schemas of Kubernetes are not here: npm run kubernetes-schemas'
  if (process.env.TEST_REQUIRE === 'all') throw new Error(`${reason}, and TEST_REQUIRE=all asks for every part`)
  return reason
}

/**
 * What a Kubernetes of that version would not take or know in these manifests; empty where it takes all.
 *
 * @param text YAML documents
 */
export async function complaints (text: string, version: string): Promise<string[]> {
  const places = [`${schemas}/{{ .NormalizedKubernetesVersion }}`, schemas].flatMap((folder) => ['-schema-location', `${folder}/{{ .ResourceKind }}{{ .KindSuffix }}.json`])
  const running = promisify(execFile)('kubeconform', ['-strict', '-kubernetes-version', version, ...places])
  running.child.stdin?.end(text)
  const { stdout } = await running.catch((error: unknown) => error as { stdout: string })
  return stdout.split('\n').filter((line) => line !== '')
}
