import { type Mapping, type MappingResult } from '../mapping/index.ts'
import { type Logger } from '../observability/index.ts'

/** Names of groups in one line. */
const mostNames = 200

/** The same mapping, which tells at `debug` which groups a provider returned for somebody, and which of them count here. */
export function loggedMapping (mapping: Mapping, logger: Logger): Mapping {
  return (claims, provider) => {
    const result = mapping(claims, provider)
    if (logger.isLevelEnabled('debug')) tell(result, logger)
    return result
  }
}

function tell ({ identity, trace }: MappingResult, logger: Logger): void {
  const returned = [...new Set(trace.flatMap((entry) => entry.what === 'group' ? [entry.renamedFrom ?? entry.value] : []))]
  const { sub, user, provider, groups, roles } = identity
  logger.debug({ event: 'groups.returned', provider, sub, user, count: returned.length, returned: returned.slice(0, mostNames), groups: groups.slice(0, mostNames), roles }, 'groups that the provider returned')
}
