/** Programs that some tests need beside Node. */
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export type PartName = 'redis-server' | 'redis-sentinel' | 'chromium' | 'apache2' | 'nginx' | 'caddy' | 'haproxy' | 'curl' | 'helm' | 'kubeconform' | 'docker' | 'openssl' | 'slowhttptest' | 'java' | 'mvn' | 'dex' | 'python3' | 'systemd-analyze'

/** Where Debian keeps daemons; not on everybody's PATH. */
const daemonFolders = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** Path of the program, or `undefined` when this machine has none. */
function findPart (name: PartName): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''), ...daemonFolders]
  return folders.map((folder) => join(folder, name)).find(isProgram)
}

function isProgram (path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/**
 * For tap's `skip`: `t.test('…', { skip: missingPart('chromium') }, …)`. False when the program is here, else the reason.
 * With `TEST_REQUIRE=all`, which CI sets, a missing program is an error: a test that is always skipped proves nothing.
 */
export function missingPart (name: PartName): string | false {
  if (findPart(name) !== undefined) return false
  const reason = `${name} is not installed`
  if (process.env.TEST_REQUIRE === 'all') throw new Error(`${reason}, and TEST_REQUIRE=all asks for every part`)
  return reason
}

/** For what can't be asked for even with `TEST_REQUIRE=all`, as nobody packages it. */
export function isInstalled (name: PartName): boolean {
  return findPart(name) !== undefined
}

/** Path of a program that the test was not skipped for. */
export function partPath (name: PartName): string {
  const path = findPart(name)
  if (path === undefined) throw new Error(`${name} is not installed; skip the test with missingPart()`)
  return path
}
