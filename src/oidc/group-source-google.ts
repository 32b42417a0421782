import { createDirectory, type Body, type Refusal } from './directory.ts'
import { errorCode } from './error-parts.ts'
import { type GroupSource, type GroupSourceSettings } from './group-source.ts'
import { groupsUnresolved } from './groups-unresolved.ts'
import { createKeptToken, type FreshToken } from './kept-token.ts'
import { type LoginProblem } from './login-problem.ts'
import { type ProviderHttp } from './provider-http.ts'
import { quotedSafely } from './provider-words.ts'
import { readServiceAccount, signGrant } from './service-account.ts'
import { createSharedWork } from './shared-work.ts'

export interface GoogleParts {
  readonly fetch: ProviderHttp['fetch']
  readonly now: () => number
}

const directoryApi = 'https://admin.googleapis.com'
const tokenEndpoint = 'https://oauth2.googleapis.com/token'
const scope = 'https://www.googleapis.com/auth/admin.directory.group.readonly'
const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const pageSize = 200
/** Google has no status of its own for it. */
const quotaReasons = ['quotaExceeded', 'rateLimitExceeded', 'userRateLimitExceeded', 'dailyLimitExceeded']

/**
 * Google says nothing of groups in its tokens: its Directory API does, to a service account that may act for an
 * administrator. A group is called by its e-mail address, and only those count that the person is in directly.
 *
 * @throws {ClientKeyError} for a key file that is none
 */
export function createGoogleGroups ({ url = directoryApi, tokenUrl = tokenEndpoint, serviceAccountKey = '', admin = '' }: GroupSourceSettings, { fetch, now }: GoogleParts): GroupSource {
  const account = readServiceAccount(serviceAccountKey)
  const token = createKeptToken(fetchToken, now)
  const share = createSharedWork<readonly string[]>()
  const readPages = createDirectory({ fetch, now, explain, isThrottling: ({ body }) => quotaReasons.includes(reasonOf(body) ?? '') })

  async function fetchToken (): Promise<FreshToken> {
    const assertion = await signGrant(account, { audience: tokenUrl, scope, subject: admin }, now())
    const response = await fetch(tokenUrl, { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' }, body: new URLSearchParams({ grant_type: jwtBearer, assertion }) })
      .catch((cause: unknown) => { throw groupsUnresolved('groups_no_answer', `${tokenUrl} can’t be reached: ${errorCode(cause) ?? 'no answer in time'}`, { cause }) })
    const body = await response.json().catch(() => undefined) as Body | null | undefined
    const { access_token: accessToken, expires_in: expiresInSeconds } = body ?? {}
    if (response.status !== 200 || typeof accessToken !== 'string') throw noToken(response.status, body ?? {})
    return { accessToken, expiresInSeconds: typeof expiresInSeconds === 'number' ? expiresInSeconds : undefined }
  }

  function explain ({ status, body }: Refusal): LoginProblem {
    const { message } = (body['error'] ?? {}) as { message?: unknown }
    const happened = `The Directory API says ${quotedSafely([status, reasonOf(body), message])}`
    if (status === 401) token.forget()
    // Whoever is not of this Workspace is an invalid key to it.
    if (status === 404 || status === 400) return groupsUnresolved('groups_person_unknown', happened)
    return groupsUnresolved(status === 401 || status === 403 ? 'google_permission' : 'groups_answer', happened)
  }

  return {
    isAlwaysAsked: true,
    async groupsOf ({ signed: { sub } }) {
      const first = `${url.replace(/\/$/, '')}/admin/directory/v1/groups?${new URLSearchParams({ userKey: String(sub), maxResults: String(pageSize) }).toString()}`
      return await share(String(sub), async () => {
        return await readPages({ first, accessToken: await token.get(), entriesOf, nextAfter: (page) => nextPage(first, page) })
      })
    }
  }
}

function noToken (status: number, { error, error_description: description }: Body): LoginProblem {
  const happened = `Google gives the service account no token: ${quotedSafely([status, error, description])}`
  if (status === 429 || status >= 500) return groupsUnresolved('groups_no_answer', happened)
  return groupsUnresolved(error === 'unauthorized_client' || error === 'access_denied' ? 'google_delegation' : 'google_token', happened)
}

/** Without groups, Google leaves the list out; so it has to be told by its kind from an answer that is none. */
function entriesOf ({ kind, groups = [] }: Body): string[] {
  const isSound = kind === 'admin#directory#groups' && Array.isArray(groups) && groups.every((group: Body | null) => typeof group?.['email'] === 'string')
  if (!isSound) throw groupsUnresolved('groups_answer', 'The Directory API answered with something else than a list of groups')
  return (groups as Array<{ email: string }>).map(({ email }) => email)
}

function nextPage (first: string, { nextPageToken }: Body): string | undefined {
  if (nextPageToken === undefined) return undefined
  return `${first}&${new URLSearchParams({ pageToken: String(nextPageToken) }).toString()}`
}

/** Google's word for what went wrong, beside the status. */
function reasonOf ({ error }: Body): string | undefined {
  const { errors } = Object(error) as { errors?: unknown }
  const { reason } = Object(Array.isArray(errors) ? errors[0] : undefined) as { reason?: unknown }
  return typeof reason === 'string' ? reason : undefined
}
