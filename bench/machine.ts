import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, loadavg, release } from 'node:os'
import { isPinned } from './programs.ts'
import { apachePath, moduleFile } from './subjects/apache.ts'
import { findOauth2Proxy } from './subjects/oauth2-proxy.ts'
import { nginxPath } from './upstream.ts'

/** What the figures depend on beside the code. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  /** Subject on one core, load client and upstream on another. */
  readonly pinned: boolean
  /** Load average of the last minute before the run: beside a busy neighbour, latencies say nothing. */
  readonly load: number
  readonly linux: string
  readonly node: string
  readonly undici: string
  readonly nginx: string | undefined
  readonly apache: string | undefined
  readonly modAuthOpenidc: string | undefined
  readonly oauth2Proxy: string | undefined
}

export function describeMachine (): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    pinned: isPinned,
    load: loadavg()[0] ?? NaN,
    linux: release(),
    node: process.version,
    undici: packageVersion('undici'),
    nginx: outputOf(nginxPath)?.replace('nginx version: ', ''),
    apache: outputOf(apachePath)?.replace('Server version: ', ''),
    modAuthOpenidc: moduleVersion(),
    oauth2Proxy: oauth2ProxyVersion()
  }
}

function packageVersion (name: string): string {
  const { version } = JSON.parse(readFileSync(new URL(`../node_modules/${name}/package.json`, import.meta.url), 'utf8')) as { version: string }
  return version
}

/** No program prints it; it stands as text in the module. */
function moduleVersion (): string | undefined {
  const file = moduleFile('auth_openidc')
  return existsSync(file) ? /mod_auth_openidc-[\d.]*\d/.exec(readFileSync(file, 'latin1'))?.[0] : undefined
}

function oauth2ProxyVersion (): string | undefined {
  const program = findOauth2Proxy()
  return program === undefined ? undefined : outputOf(program, '--version')
}

/** The first line of what it says of its version, on either output. */
function outputOf (program: string, option = '-v'): string | undefined {
  if (!existsSync(program)) return undefined
  const { stdout, stderr } = spawnSync(program, [option], { encoding: 'utf8' })
  return `${stdout}${stderr}`.split('\n', 1)[0]
}
