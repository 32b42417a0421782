import { type Configuration } from './schema.ts'
import { type RedisConfiguration } from './schema-redis.ts'

/** What contradicts something else about where sessions are kept; the first setting is the one to change. */
export function redisConflicts ({ store, redis }: Configuration['session']): Array<{ readonly settings: readonly string[], readonly message: string }> {
  if (redis === undefined) return store === 'redis' ? [{ settings: ['session.redis.url', 'session.store'], message: 'is required, since session.store is redis' }] : []
  const { url, nodes, username, password, caFile, sentinel, cluster } = redis
  const given = new URL(url)
  const conflicts: ReadonlyArray<readonly [applies: boolean, setting: keyof RedisConfiguration, against: keyof RedisConfiguration, message: string]> = [
    [cluster && sentinel !== undefined, 'cluster', 'sentinel', 'expected either session.redis.sentinel or session.redis.cluster'],
    [cluster && /[1-9]/.test(given.pathname), 'url', 'cluster', 'a cluster has no database but 0'],
    [nodes.length > 0 && !cluster && sentinel === undefined, 'nodes', 'cluster', 'one server has no further nodes; expected session.redis.sentinel, or true in session.redis.cluster'],
    [caFile !== undefined && given.protocol !== 'rediss:', 'caFile', 'url', 'expected rediss:// in session.redis.url, since nothing else is checked by it'],
    [username !== undefined && given.username !== '', 'username', 'url', 'session.redis.url names a user as well; expected one of them'],
    [password !== undefined && given.password !== '', 'password', 'url', 'session.redis.url holds a password as well; expected one of them']
  ]
  return conflicts.filter(([applies]) => applies).map(([, setting, against, message]) => ({ settings: [`session.redis.${setting}`, `session.redis.${against}`], message }))
}
