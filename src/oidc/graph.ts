import { createDirectory, type Body, type DirectoryParts, type Refusal } from './directory.ts'
import { type GroupAdviceCode } from './group-advice.ts'
import { groupsUnresolved } from './groups-unresolved.ts'
import { type LoginProblem } from './login-problem.ts'
import { quotedSafely } from './provider-words.ts'

export interface GraphParts extends Pick<DirectoryParts, 'fetch' | 'now'> {
  /** Such as `https://graph.microsoft.com/v1.0`. */
  readonly url: string
  /** What helps where the access token is no good, and where it may not do this. */
  readonly advice: { readonly token: GroupAdviceCode, readonly permission: GroupAdviceCode }
  /** The access token was no good. */
  readonly onUnauthorized: () => void
}

export interface GraphGroup {
  readonly id: string
  readonly displayName: string | undefined
}

/** Whose groups: `/me` or `/users/ID`, and the access token that asks. */
export interface Asked {
  readonly path: string
  readonly accessToken: string
}

/** What Microsoft Graph says of somebody's groups, those within groups too. @throws {LoginProblem} `groups_overage_unresolved` */
export interface Graph {
  /** IDs of the security groups, by the rule that Entra ID's own tokens go by. */
  securityGroups (asked: Asked): Promise<string[]>
  /** Groups of any kind. */
  groups (asked: Asked, options: { withNames: boolean }): Promise<GraphGroup[]>
}

/** The longest names that there are make this a page of less than 1 MiB. */
const pageSize = 500

export function createGraph ({ fetch, now, url, advice, onUnauthorized }: GraphParts): Graph {
  const { origin } = new URL(url)
  const readPages = createDirectory({ fetch, now, explain })

  function explain ({ status, body }: Refusal): LoginProblem {
    const { code, message } = Object(body['error']) as { code?: unknown, message?: unknown }
    const happened = `Microsoft Graph says ${quotedSafely([status, code, message])}`
    if (status === 401) onUnauthorized()
    if (status === 401) return groupsUnresolved(advice.token, happened)
    if (status === 403) return groupsUnresolved(advice.permission, happened)
    if (status === 404) return groupsUnresolved('groups_person_unknown', happened)
    return groupsUnresolved(code === 'Directory_ResultSizeLimitExceeded' ? 'groups_too_many' : 'groups_answer', happened)
  }

  /** The address of a page has to be Graph's own: the access token goes along. */
  function nextAfter ({ '@odata.nextLink': next }: Body): string | undefined {
    if (next === undefined) return undefined
    const page = typeof next === 'string' ? URL.parse(next) : null
    if (page?.origin === origin) return page.href
    throw groupsUnresolved('groups_answer', `Microsoft Graph says that its next page is at ${page?.origin ?? 'no address'}`)
  }

  return {
    async securityGroups ({ path, accessToken }) {
      return await readPages({ first: `${url}${path}/getMemberObjects`, body: { securityEnabledOnly: true }, accessToken, nextAfter, entriesOf: (page) => listIn<string>(page, (entry) => typeof entry === 'string') })
    },
    async groups ({ path, accessToken }, { withNames }) {
      const first = `${url}${path}/transitiveMemberOf?$select=${withNames ? 'id,displayName' : 'id'}&$top=${pageSize}`
      const objects = await readPages({ first, accessToken, nextAfter, entriesOf: (page) => listIn<Body>(page, isDirectoryObject) })
      const groups = objects.filter((object) => object['@odata.type'] === '#microsoft.graph.group')
      // What the token may not see is null (limited information returned for inaccessible member objects).
      if (withNames && groups.some(({ displayName }) => typeof displayName !== 'string')) throw groupsUnresolved(advice.permission, 'Microsoft Graph shows groups without their names')
      return groups.map(({ id, displayName }) => ({ id: String(id), displayName: typeof displayName === 'string' ? displayName : undefined }))
    }
  }
}

function listIn<Entry> ({ value }: Body, isSound: (entry: unknown) => boolean): Entry[] {
  if (Array.isArray(value) && value.every(isSound)) return value as Entry[]
  throw groupsUnresolved('groups_answer', 'Microsoft Graph answered with something else than such a list')
}

function isDirectoryObject (entry: unknown): boolean {
  const { '@odata.type': type, id } = Object(entry) as Body
  return typeof type === 'string' && typeof id === 'string'
}
