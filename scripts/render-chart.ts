/**
 * Writes what the Helm chart makes of each of test/helm/cases to test/helm/golden. Whoever changes the chart runs it and
 * reads the difference; a test proves that it was run.
 */
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../', import.meta.url))

/** Path of the chart. */
export const chart = `${root}helm/doorward`

/** Names of the files with values, without `.yaml`. */
export const cases: readonly string[] = globSync('test/helm/cases/*.yaml', { cwd: root }).map((path) => basename(path, '.yaml')).sort()

/** Paths of the values of a case, and of what the chart makes of them. */
export function filesOf (name: string): { values: string, golden: string } {
  return { values: `${root}test/helm/cases/${name}.yaml`, golden: `${root}test/helm/golden/${name}.yaml` }
}

/** Helm takes a Kubernetes that is old when it is not told otherwise and was built from source. */
export const kubernetes: readonly string[] = ['--kube-version', '1.37.0']

/**
 * Manifests as Helm would install them.
 *
 * @param where path of a chart
 * @param args further ones of `helm template`, such as `--values FILE`
 * @throws where Helm refuses; `stderr` says why
 */
export async function render (where: string, args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('helm', ['template', 'doorward', where, '--namespace', 'doors', ...kubernetes, ...args])
  // Editors, and Git, take blanks at the end of a line for a mistake.
  return stdout.replaceAll(/ +$/gm, '')
}

async function main (): Promise<void> {
  for (const name of cases) {
    const { values, golden } = filesOf(name)
    await writeFile(golden, await render(chart, ['--values', values]))
  }
}

if (import.meta.main) await main()
