import { type Configuration } from './schema.ts'
import { type RedisConfiguration } from './schema-redis.ts'

/** The first of the settings is the one to change. */
interface RedisConflict {
  readonly settings: readonly string[]
  readonly message: string
}

type Finding = readonly [applies: boolean, setting: keyof RedisConfiguration, against: keyof RedisConfiguration, message: string]

/** What contradicts something else about where sessions are kept. */
export function redisConflicts ({ store, redis }: Configuration['session']): RedisConflict[] {
  if (redis.url === undefined && store === 'redis') return [{ settings: ['session.store', 'session.redis.url'], message: 'redis needs session.redis.url or session.redis.urlFile' }]
  const findings = redis.url === undefined ? findingsWithoutUrl(redis) : findingsAbout(redis, new URL(redis.url))
  return findings.filter(([applies]) => applies).map(([, setting, against, message]) => ({ settings: [`session.redis.${setting}`, `session.redis.${against}`], message }))
}

function findingsWithoutUrl ({ sentinel, cluster, nodes }: RedisConfiguration): Finding[] {
  const message = 'there is no Redis to find by it without session.redis.url'
  return [
    [sentinel !== undefined, 'sentinel', 'url', message],
    [cluster, 'cluster', 'url', message],
    [nodes.length > 0, 'nodes', 'url', message]
  ]
}

function findingsAbout ({ nodes, username, password, caFile, sentinel, cluster }: RedisConfiguration, url: URL): Finding[] {
  return [
    [cluster && sentinel !== undefined, 'cluster', 'sentinel', 'expected either session.redis.sentinel or session.redis.cluster'],
    [cluster && /[1-9]/.test(url.pathname), 'url', 'cluster', 'a cluster has no database but 0'],
    [nodes.length > 0 && !cluster && sentinel === undefined, 'nodes', 'cluster', 'one server has no further nodes; expected session.redis.sentinel, or true in session.redis.cluster'],
    [caFile !== undefined && url.protocol !== 'rediss:', 'caFile', 'url', 'expected rediss:// in session.redis.url, since nothing else is checked by it'],
    [username !== undefined && url.username !== '', 'username', 'url', 'session.redis.url names a user as well; expected one of them'],
    [password !== undefined && url.password !== '', 'password', 'url', 'session.redis.url holds a password as well; expected one of them']
  ]
}
