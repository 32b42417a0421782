/** docs/conformance.md: the list of test/conformance/modules.ts, and the tests that are there. */
import { globSync, readFileSync } from 'node:fs'
import { conformancePlans, type ConformanceModule, type ConformancePlan } from '../test/conformance/modules.ts'

const root = new URL('../', import.meta.url)

export interface OfficialTest {
  /** Begins with the name of a module. */
  readonly title: string
  /** From the root of the project. */
  readonly file: string
}

/** Every test whose title begins as the suite's modules do: written as such, or as a key of a table of tests. */
export function officialTests (): OfficialTest[] {
  return globSync('test/**/*.test.ts', { cwd: root }).sort().flatMap((file) => {
    const literals = readFileSync(new URL(file, root), 'utf8').matchAll(/^\s*(?:(?:await )?(?:t\.)?test\()?(['`])((?:oidcc-client-test|fapi2-security-profile-final-client-test-)(?:(?!\1).)*)\1[:,]/gm)
    return [...literals].map(([, , title = '']) => ({ title, file }))
  })
}

/** The name of the module that a title speaks of: it may go on with words of its own. */
export function moduleOf (title: string): string {
  return /^[\w-]+/.exec(title)?.[0] ?? ''
}

export function conformanceReference (): string {
  const tests = officialTests()
  return `# Conformance

The OpenID Foundation certifies relying parties by a provider that misbehaves in one way at a time. Doorward's own tests
do the same under the official names, so that a run of the official suite can be compared one to one. "Rejects" means:
nobody is signed in, the provider is asked nothing further (no userinfo), the person gets a page with a way on, and the
audit trail names the reason. Where no test is there yet, nothing is promised.

${conformancePlans.map((plan) => section(plan, tests)).join('\n')}`
}

function section ({ title, plan, modules }: ConformancePlan, tests: readonly OfficialTest[]): string {
  return `## ${title}
${plan === undefined ? '' : `\nPlan \`${plan}\`\n`}
| module | the provider | Doorward | shown by |
| --- | --- | --- | --- |
${modules.map((module) => row(module, tests)).join('\n')}
`
}

function row ([name, provider, doorward, notApplicable]: ConformanceModule, tests: readonly OfficialTest[]): string {
  const links = tests.filter(({ title }) => moduleOf(title) === name).map(({ title, file }) => `[${title}](../${file})`)
  const reason = notApplicable === undefined ? [] : [`does not apply: ${notApplicable}`]
  return `| \`${name}\` | ${provider} | ${doorward} | ${[...links, ...reason].join('; ') || 'not yet'} |`
}
