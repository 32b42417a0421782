import { type Claims, type Mapping, type MappingResult } from '../mapping/index.ts'
import { type Logger } from '../observability/index.ts'
import { unusableClaims } from './unusable-claims.ts'

/** Names of groups in one line. */
const mostNames = 200

/** The same mapping, which tells at `debug` which groups a provider returned for somebody, which of them count here, and what can't be used. */
export function loggedMapping (mapping: Mapping, logger: Logger): Mapping {
  return (claims, provider) => {
    const result = mapping(claims, provider)
    if (!logger.isLevelEnabled('debug')) return result
    tellGroups(result, logger)
    tellUnusable(result, claims, logger)
    return result
  }
}

function tellGroups ({ identity, trace }: MappingResult, logger: Logger): void {
  const returned = [...new Set(trace.flatMap((entry) => entry.what === 'group' ? [entry.renamedFrom ?? entry.value] : []))]
  const { sub, user, provider, groups, roles } = identity
  logger.debug({ event: 'groups.returned', provider, sub, user, count: returned.length, returned: returned.slice(0, mostNames), groups: groups.slice(0, mostNames), roles }, 'groups that the provider returned')
}

/** It is the commonest reason for a role that is missing. */
function tellUnusable (result: MappingResult, claims: Claims, logger: Logger): void {
  const { provider, sub } = result.identity
  const { unusable = [] } = unusableClaims(result, claims)
  for (const entry of unusable) logger.debug({ event: 'claims.unusable', provider, sub, ...entry }, `claims.${entry.expected} names a claim that can’t be used`)
}
