import { createDirectory, type Body, type Refusal } from './directory.ts'
import { errorCode } from './error-parts.ts'
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
/** The longest names that there are make this a page of less than 1 MiB. */
const pageSize = 500

/**
 * Entra ID leaves the groups out of a token where they are more than 200, and says `_claim_names` or `hasgroups`
 * instead. Microsoft Graph has them: `transitiveMemberOf`, since it comes in pages of any number and tells groups from
 * directory roles, which `getMemberObjects` does not.
 */
export function createEntraGroups (settings: GroupSourceSettings, { fetch, fetchToken, now }: EntraParts): GroupSource {
  const { credentials, groups, names } = settings
  const graph = (settings.url ?? worldwide).replace(/\/$/, '')
  const { origin } = new URL(graph)
  const application = createKeptToken(async () => await fetchToken(`${origin}/.default`).catch(asTokenProblem), now)
  const share = createSharedWork<readonly string[]>()
  const fields = ['id', ...groups === 'security' ? ['securityEnabled'] : [], ...names === 'displayName' ? ['displayName'] : []]
  const query = `$select=${fields.join(',')}&$top=${pageSize}`
  const readPages = createDirectory({ fetch, now, explain })

  function explain ({ status, body }: Refusal): LoginProblem {
    const { code, message } = Object(body['error']) as { code?: unknown, message?: unknown }
    const happened = `Microsoft Graph says ${quotedSafely([status, code, message])}`
    if (status === 404) return groupsUnresolved('groups_person_unknown', happened)
    if (status === 401) {
      application.forget()
      return groupsUnresolved(credentials === 'user' ? 'graph_audience' : 'graph_token', happened)
    }
    return status === 403 ? notAllowed(happened) : groupsUnresolved('groups_answer', happened)
  }

  function notAllowed (happened: string): LoginProblem {
    return groupsUnresolved(credentials === 'user' ? 'graph_scope' : 'graph_permission', happened)
  }

  /** The address of a page has to be Graph's own: the access token goes along. */
  function nextAfter ({ '@odata.nextLink': next }: Body): string | undefined {
    if (next === undefined) return undefined
    const url = typeof next === 'string' ? URL.parse(next) : null
    if (url?.origin === origin) return url.href
    throw groupsUnresolved('groups_answer', `Microsoft Graph says that its next page is at ${url?.origin ?? 'no address'}`)
  }

  /** A group that Graph shows without its properties is one that it may not show (limited information). */
  function nameOf ({ id, securityEnabled, displayName }: Body): string | undefined {
    const isLimited = (groups === 'security' && typeof securityEnabled !== 'boolean') || (names === 'displayName' && typeof displayName !== 'string')
    if (isLimited) throw notAllowed('Microsoft Graph shows groups without their properties')
    if (groups === 'security' && securityEnabled !== true) return undefined
    return names === 'displayName' ? displayName as string : id as string
  }

  function entriesOf ({ value }: Body): Body[] {
    const isSound = Array.isArray(value) && value.every((entry: Body | null) => typeof entry?.['@odata.type'] === 'string' && typeof entry['id'] === 'string')
    if (!isSound) throw groupsUnresolved('groups_answer', 'Microsoft Graph answered with something else than a list of objects')
    return value as Body[]
  }

  async function read (path: string, accessToken: string): Promise<readonly string[]> {
    const entries = await readPages({ first: `${graph}${path}/transitiveMemberOf?${query}`, accessToken, entriesOf, nextAfter })
    const found = entries.filter((entry) => entry['@odata.type'] === '#microsoft.graph.group').map(nameOf)
    return [...new Set(found.filter((name) => name !== undefined))]
  }

  async function ofPerson ({ signed }: PersonAsked): Promise<readonly string[]> {
    const { oid } = signed
    // It becomes part of an address.
    if (typeof oid !== 'string' || !uuid.test(oid)) throw groupsUnresolved('groups_person_unknown', 'The token has no object ID (oid), which comes with the scope profile')
    return await share(oid, async () => await read(`/users/${oid}`, await application.get()))
  }

  async function ofUser ({ accessToken }: PersonAsked): Promise<readonly string[]> {
    if (accessToken === undefined) throw groupsUnresolved('graph_audience', 'The token that a program brings is for this site')
    return await read('/me', accessToken)
  }

  return { isAlwaysAsked: names === 'displayName', groupsOf: credentials === 'user' ? ofUser : ofPerson }
}

function asTokenProblem (error: unknown): never {
  if (error instanceof LoginProblem) throw error
  if (isUnreachable(error)) throw groupsUnresolved('groups_no_answer', `The token endpoint can’t be reached: ${errorCode(error) ?? 'no answer in time'}`, { cause: error })
  const { error: code, error_description: description } = error as { error?: unknown, error_description?: unknown }
  throw groupsUnresolved('graph_token', `Entra ID gives no token for Microsoft Graph: ${quotedSafely([code, description])}`, { cause: error })
}
