import { type Conflict } from './conflict.ts'
import { isPublicClient } from './conflicts-client.ts'
import { type Configuration, type ProviderConfiguration } from './schema.ts'

type GroupSource = ProviderConfiguration['groupSource']

/** Which kind a setting is for, and what it is where nobody has set it. */
const meantFor: ReadonlyArray<readonly [key: keyof GroupSource, kind: GroupSource['kind'], unset: string | undefined]> = [
  ['credentials', 'entra', 'client'],
  ['groups', 'entra', 'security'],
  ['names', 'entra', 'id'],
  ['serviceAccountKey', 'google', undefined],
  ['admin', 'google', undefined],
  ['tokenUrl', 'google', undefined]
]

/** What the directory could not be asked with, and what nobody would read. */
export function groupSourceConflicts (place: string, provider: ProviderConfiguration, { claims }: Pick<Configuration, 'claims'>): Conflict[] {
  const source = provider.groupSource
  const { kind, credentials, serviceAccountKey, admin, url } = source
  const at = (key: string) => `${place}.groupSource.${key}`
  const needs = (key: string, message: string): Conflict => ({ settings: [at('kind'), at(key)], message })
  const groupsClaims = [provider.claims.groups ?? claims.groups, provider.claims.roles ?? claims.roles]
  return [
    ...meantFor.filter(([key, meant, unset]) => kind !== meant && source[key] !== unset).map(([key, meant]) => ({ settings: [at(key), at('kind')], message: `is meant for ${at('kind')}: ${meant}` })),
    ...kind === 'none' && url !== undefined ? [{ settings: [at('url'), at('kind')], message: `needs ${at('kind')}` }] : [],
    ...kind === 'entra' && credentials === 'client' && isPublicClient(provider) ? [needs('credentials', `entra needs ${place}.clientSecret, ${place}.clientKey or ${place}.clientCertificate, or ${at('credentials')}: user`)] : [],
    ...kind === 'google' && serviceAccountKey === undefined ? [needs('serviceAccountKey', `google needs ${at('serviceAccountKey')} or ${at('serviceAccountKeyFile')}`)] : [],
    ...kind === 'google' && admin === undefined ? [needs('admin', `google needs ${at('admin')}`)] : [],
    ...kind !== 'none' && !groupsClaims.some(readsGroups) ? [{ settings: [at('kind'), 'claims.groups', 'claims.roles'], message: 'the groups that it finds are the claim groups, which neither claims.groups nor claims.roles reads' }] : []
  ]
}

function readsGroups (claim: string | undefined): boolean {
  return claim === 'groups' || claim === '/groups'
}
