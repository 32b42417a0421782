import { type Claims } from '../mapping/index.ts'
import { type Logger } from '../observability/index.ts'
import { isBlank } from './blank-claim.ts'

/** Where claims come from; `merged` is what is decided on. */
export interface ClaimSources {
  readonly id_token: Claims
  readonly userinfo: Claims
  readonly merged: Claims
}

/** More is no provider's list, but an attack on the log. */
const mostNames = 200

/** At `debug`: the names of the claims in each source, and which of them are blank. Never a value, except the subject. */
export function logClaims (logger: Logger, provider: string, sources: ClaimSources): void {
  if (!logger.isLevelEnabled('debug')) return
  for (const [source, claims] of Object.entries<Claims>({ ...sources })) {
    const names = Object.keys(claims).sort()
    const blank = names.filter((name) => isBlank(claims[name]))
    logger.debug({ event: 'claims.received', source, provider, sub: sources.id_token['sub'], count: names.length, claims: names.slice(0, mostNames), blank: blank.slice(0, mostNames) }, `claims of ${source}`)
  }
}
