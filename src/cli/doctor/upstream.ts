import { readFileSync } from 'node:fs'
import { type UpstreamConfiguration } from '../../config/index.ts'
import { check, found, type Section } from './check.ts'
import { connectTo, reachChecks } from './places.ts'

/** Whether the application can be reached. It is asked for nothing: a request that nobody made could do something there. */
export function upstreamSection ({ path, url, tls }: UpstreamConfiguration, now: () => number): Section {
  const section = { subject: `upstream:${path}`, title: `Upstream ${path}, ${url ?? 'a fixed answer'}` }
  if (url === undefined) return { ...section, checks: [check('connection', async () => ({ finding: found.skipped('answered here') }))] }
  if (url.startsWith('unix:')) return { ...section, checks: [check('connection', () => connectTo({ path: url.slice('unix:'.length) }, { setting: 'upstream.url' }))] }
  const authorities = tls.caFile === undefined ? {} : { ca: readFileSync(tls.caFile, 'utf8') }
  const { address, connection, certificate } = reachChecks({ url: new URL(url), setting: 'upstream.url', caSetting: 'upstream.tls.caFile', tls: { ...authorities, rejectUnauthorized: tls.verify }, now })
  return { ...section, checks: [address, connection, certificate] }
}
