import { resolve } from 'node:path'
import { z } from 'zod'
import { type ConfigurationDocument, readDocument } from './document.ts'
import { caseFaults } from './expectation-faults.ts'
import { readTextFile, unreadable } from './files.ts'
import { type Fault, faultsOf, wordsFor } from './issues.ts'
import { isTree, pathText, type Tree } from './path.ts'
import { type ConfigurationProblem, inOrder, type Place } from './report.ts'
import { type Case, expectationsSchema, type ExpectedOutcome } from './schema-expectations.ts'

export type { ExpectedOutcome } from './schema-expectations.ts'

/** What somebody expects the policy to decide. */
export interface Expectation {
  readonly name: string
  readonly place: Place
  /** Who asks: what a provider says of them. Absent: somebody without a session. */
  readonly person?: { readonly claims: Readonly<Record<string, unknown>>, readonly provider: string }
  readonly request?: { readonly method: string, readonly path: string, readonly host?: string | undefined, readonly address?: string | undefined }
  readonly expect: ExpectedOutcome
}

export type ExpectationsOutcome =
  | { readonly ok: true, readonly expectations: readonly Expectation[] }
  /** All of them, from the top of the file to its end. */
  | { readonly ok: false, readonly problems: readonly ConfigurationProblem[] }

interface LoadOptions {
  readonly cwd: string
  /** Ids of the providers in the configuration. */
  readonly providers: readonly string[]
}

/** Reads a file of expectations. Never throws: what is wrong with it is in the outcome. */
export function loadExpectations (file: string, { cwd, providers }: LoadOptions): ExpectationsOutcome {
  const read = textOf(file, cwd)
  if ('problem' in read) return { ok: false, problems: [read.problem] }
  const document = readDocument(file, read.text, 'expectations, such as `cases:`')
  if (document.broken) return { ok: false, problems: document.problems }

  const problems = [...document.problems, ...faultsIn(document.value, providers).map((fault) => problemAt(document, fault))]
  const parsed = expectationsSchema.safeParse(document.value)
  if (problems.length > 0 || !parsed.success) return { ok: false, problems: inOrder(problems) }
  const { people, cases } = parsed.data
  return { ok: true, expectations: cases.map((entry, index) => expectationOf(entry, people, providers, document.placeOf(['cases', index], 'value'))) }
}

function textOf (file: string, cwd: string): { text: string } | { problem: ConfigurationProblem } {
  try {
    return { text: readTextFile(resolve(cwd, file)) }
  } catch (error) {
    return { problem: { place: { source: file }, message: unreadable(file, error) } }
  }
}

/** What the schema does not accept, and what does not fit together in a case. */
function faultsIn (value: Tree, providers: readonly string[]): Fault[] {
  const parsed = expectationsSchema.safeParse(value, { error: wordsFor })
  const people = isTree(value['people']) ? Object.keys(value['people']) : []
  const cases: readonly unknown[] = Array.isArray(value['cases']) ? value['cases'] : []
  const together = cases.flatMap((entry, index) => caseFaults(entry, { people, providers }).map((fault) => ({ ...fault, path: ['cases', index, ...fault.path] })))
  return [...parsed.success ? [] : faultsOf(parsed.error.issues, value, z.toJSONSchema(expectationsSchema, { io: 'input' })), ...together]
}

function problemAt (document: ConfigurationDocument, { path, part, message }: Fault): ConfigurationProblem {
  return { place: document.placeOf(path, part), setting: pathText(path), message }
}

/** Claims noted by hand rarely have a subject, and no rule is about it. */
function expectationOf ({ name, person, claims, provider, path, method = 'GET', host, address, expect }: Case, people: Readonly<Record<string, Tree>>, providers: readonly string[], place: Place): Expectation {
  const sent = person === undefined ? claims : people[person]
  return {
    name,
    place,
    ...sent !== undefined && { person: { claims: { sub: person ?? 'unknown', ...sent }, provider: provider ?? providers[0] ?? '' } },
    ...path !== undefined && { request: { method: method.toUpperCase(), path, host, address } },
    expect
  }
}
