import { type ClaimNames, type Claims, type Grant, type MappingResult, readClaim, type Reason, type Trace } from '../mapping/index.ts'
import { type ClaimsBySource, type ClaimsReport, claimsSources, type FoundClaim, type ReportedGrant, type ReportedGroup } from '../pages/index.ts'
import { isBlank } from './blank-claim.ts'
import { claimsHints } from './claims-hints.ts'
import { hideTokens } from './hide-tokens.ts'
import { type Provider } from './provider.ts'
import { type SignInAnswer } from './provider-answer.ts'

/** A sign-in that has just been completed. */
export interface ReportedSignIn {
  readonly answer: SignInAnswer
  readonly result: MappingResult
  readonly provider: Pick<Provider, 'id' | 'label' | 'scopes'>
  readonly names: ClaimNames
  readonly sizes: ClaimsReport['sizes']
  /** Milliseconds since the epoch. */
  readonly now: number
}

/** What the provider said, what became of it and why, without any token. */
export function claimsReport ({ answer, result, provider: { id, label, scopes: asked }, names, sizes, now }: ReportedSignIn): ClaimsReport {
  const { identity: { user, sub, email, roles }, trace } = result
  const { claims, hidden } = shownClaims(answer)
  const fetched = fetchedClaims(answer)
  const scopes = { asked, granted: answer.grantedScopes ?? asked }
  return {
    version: 1,
    time: new Date(now).toISOString(),
    provider: { id, label },
    person: { user, sub, email, roles },
    hints: claimsHints(result, { claims, fetched, scopes, sizes }),
    settings: foundClaims(names, claims),
    claims,
    fetched,
    blank: { idToken: blankIn(claims.idToken), userinfo: blankIn(claims.userinfo ?? {}), merged: blankIn(claims.merged) },
    hidden,
    groups: reportedGroups(trace),
    roles: reportedGrants(trace, 'role'),
    organizations: reportedGrants(trace, 'organization'),
    projects: reportedGrants(trace, 'project'),
    attributes: reportedGrants(trace, 'attribute'),
    scopes,
    sizes
  }
}

function shownClaims ({ sources, claims: merged, tokens }: SignInAnswer): { claims: ClaimsBySource, hidden: string[] } {
  const received = [tokens.accessToken, tokens.refreshToken, tokens.idToken].filter((token) => token !== undefined && token !== '') as string[]
  const all = { ...sources, merged }
  const shown = claimsSources.map((source) => [source, hideTokens(all[source], received)] as const)
  const { idToken = {}, userinfo = {}, merged: decidedOn = {} } = Object.fromEntries(shown.map(([source, { claims }]) => [source, claims])) as Partial<Record<string, Claims>>
  return {
    // Userinfo that was asked for holds a sub (OpenID Connect Core section 5.3.2).
    claims: { idToken, userinfo: Object.keys(userinfo).length === 0 ? null : userinfo, merged: decidedOn },
    hidden: shown.flatMap(([source, { hidden }]) => hidden.map((pointer) => `/${source}${pointer}`))
  }
}

/** Claims are merged as they came: one that is the same in no source was asked for elsewhere, such as groups that a token has no room for. */
function fetchedClaims ({ sources: { idToken, userinfo }, claims }: SignInAnswer): string[] {
  return Object.keys(claims).filter((name) => claims[name] !== idToken[name] && claims[name] !== userinfo[name])
}

function blankIn (claims: Claims): string[] {
  return Object.keys(claims).filter((name) => isBlank(claims[name]))
}

const claimSettings = ['user', 'email', 'name', 'firstName', 'lastName', 'groups', 'roles'] as const

function foundClaims (names: ClaimNames, claims: ClaimsBySource): FoundClaim[] {
  return claimSettings.flatMap((setting) => {
    const claim = names[setting]
    if (claim === undefined) return []
    const from = claimsSources.filter((source) => !isBlank(readClaim(claims[source] ?? {}, claim)))
    return [{ setting: `claims.${setting}`, claim, from, ...from.includes('merged') && { value: readClaim(claims.merged, claim) } }]
  })
}

function reportedGroups (trace: Trace): ReportedGroup[] {
  return trace.flatMap((entry) => {
    if (entry.what !== 'group') return []
    const { what: _, value: name, ...rest } = entry
    return [{ name, ...rest }]
  })
}

function reportedGrants (trace: Trace, what: 'role' | 'organization' | 'project' | 'attribute'): ReportedGrant[] {
  return trace.flatMap((entry) => {
    if (entry.what !== what) return []
    const rest = { ...ruleOf(entry.by, what), ...droppedBy(entry) }
    if (entry.what === 'role') return [{ name: entry.value, ...rest }]
    return [{ name: entry.value, holds: entry.what === 'attribute' ? entry.granted : entry.roles, ...rest }]
  })
}

function droppedBy ({ dropped, onlyAt }: Grant): Pick<ReportedGrant, 'dropped' | 'onlyAt'> {
  return { ...dropped !== undefined && { dropped }, ...onlyAt !== undefined && { onlyAt } }
}

/** As the administrator finds it in the configuration. */
function ruleOf (by: Reason, what: string): Pick<ReportedGrant, 'by' | 'matched'> {
  if (by.kind === 'default') return { by: `${what}s.default` }
  if (by.kind === 'rolesClaim') return { by: 'claims.roles' }
  return { by: `roles.mapping.${by.key}`, matched: by.matched }
}
