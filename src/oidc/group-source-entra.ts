import { errorCode } from './error-parts.ts'
import { createGraph, type Asked } from './graph.ts'
import { type GroupSource, type GroupSourceSettings, type PersonAsked } from './group-source.ts'
import { groupsUnresolved } from './groups-unresolved.ts'
import { createKeptToken } from './kept-token.ts'
import { LoginProblem } from './login-problem.ts'
import { type FetchApplicationToken } from './provider-application-token.ts'
import { isUnreachable } from './provider-failure.ts'
import { type ProviderHttp } from './provider-http.ts'
import { quotedSafely } from './provider-words.ts'
import { createSharedWork } from './shared-work.ts'

export interface EntraParts {
  readonly fetch: ProviderHttp['fetch']
  readonly fetchToken: FetchApplicationToken
  readonly now: () => number
}

const worldwide = 'https://graph.microsoft.com/v1.0'
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const adviceFor = {
  client: { token: 'graph_token', permission: 'graph_permission' },
  user: { token: 'graph_audience', permission: 'graph_scope' }
} as const

/**
 * Entra ID leaves the groups out of a token where they are more than 200, and says `_claim_names` or `hasgroups`
 * instead. Microsoft Graph has them.
 */
export function createEntraGroups (settings: GroupSourceSettings, { fetch, fetchToken, now }: EntraParts): GroupSource {
  const { credentials, groups, names } = settings
  const url = (settings.url ?? worldwide).replace(/\/$/, '')
  const application = createKeptToken(async () => await fetchToken(`${new URL(url).origin}/.default`).catch(asTokenProblem), now)
  const graph = createGraph({ fetch, now, url, advice: adviceFor[credentials], onUnauthorized: application.forget })
  const share = createSharedWork<readonly string[]>()

  /** The name of each; one that has none would be a group that is lost. */
  async function named (ids: readonly string[] | undefined, asked: Asked): Promise<readonly string[]> {
    const found = new Map((await graph.groups(asked, { withNames: true })).map(({ id, displayName = id }) => [id, displayName]))
    const wanted = (ids ?? [...found.keys()]).map((id) => found.get(id))
    if (wanted.includes(undefined)) throw groupsUnresolved('groups_answer', 'Microsoft Graph lists groups of which it has no name')
    return wanted.filter((name) => name !== undefined)
  }

  async function read (asked: Asked): Promise<readonly string[]> {
    const security = groups === 'security' ? await graph.securityGroups(asked) : undefined
    if (names === 'displayName') return await named(security, asked)
    return security ?? (await graph.groups(asked, { withNames: false })).map(({ id }) => id)
  }

  async function ofPerson ({ signed: { oid } }: PersonAsked): Promise<readonly string[]> {
    // It becomes part of an address.
    if (typeof oid !== 'string' || !uuid.test(oid)) throw groupsUnresolved('graph_no_oid', 'The token has no object ID (oid)')
    return await share(oid, async () => await read({ path: `/users/${oid}`, accessToken: await application.get() }))
  }

  async function ofUser ({ accessToken }: PersonAsked): Promise<readonly string[]> {
    if (accessToken === undefined) throw groupsUnresolved('graph_audience', 'The token that a program brings is for this site')
    return await read({ path: '/me', accessToken })
  }

  return { isAlwaysAsked: names === 'displayName', groupsOf: credentials === 'user' ? ofUser : ofPerson }
}

function asTokenProblem (error: unknown): never {
  if (error instanceof LoginProblem) throw error
  if (isUnreachable(error)) throw groupsUnresolved('groups_no_answer', `The token endpoint can’t be reached: ${errorCode(error) ?? 'no answer in time'}`, { cause: error })
  const { error: code, error_description: description } = error as { error?: unknown, error_description?: unknown }
  throw groupsUnresolved('graph_token', `Entra ID gives no token for Microsoft Graph: ${quotedSafely([code, description])}`, { cause: error })
}
