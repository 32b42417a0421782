import { type AuthorizationAnswer, type ClientAuthMethod, type ProviderInspection, type PublishedMetadata, refusalOf, type Trouble } from '../../oidc/index.ts'
import { type Finding, found } from './check.ts'

interface Client {
  readonly redirectUri: string
  readonly clientId: string
}

const unrecognised = 'open the application in a browser: the page of the provider says what it does not take'

/** The redirect URI, the client id and the scopes, as the provider takes them when somebody signs in. */
export async function judgeRequest (inspection: ProviderInspection, server: PublishedMetadata, client: Client): Promise<Finding> {
  const answer = await inspection.askToSignIn(server)
  switch (answer.kind) {
    case 'taken': return found.ok(`the provider takes the request, and sends people back to ${client.redirectUri}`)
    case 'refused': return answer.what === 'redirect_uri' ? judgePage(answer, client) : troubled(refusalOf(answer.error, answer.description))
    case 'page': return judgePage(answer, client)
    case 'goes_on': return found.warning(`the provider answers with ${answer.to === undefined ? 'a page' : `a redirect to ${answer.to}`} and sends nobody back; to be registered is ${client.redirectUri}`, `whether it takes that shows when somebody signs in: ${unrecognised}`)
  }
}

type Refused = Extract<AuthorizationAnswer, { kind: 'page' | 'refused' }>

function judgePage (answer: Refused, { redirectUri, clientId }: Client): Finding {
  switch (answer.what) {
    case 'redirect_uri': return found.failed('the provider does not know the redirect URI', `register it at the provider, letter for letter: ${redirectUri}; if its beginning is wrong, server.publicUrl is`)
    case 'client': return found.failed(`the provider does not know the client ${clientId}`, 'correct provider.clientId, or register the client at the provider that provider.issuer names')
    case 'scope': return found.failed('the provider does not take the scopes', 'compare provider.scopes with what the client may ask for')
    default: return found.failed(`the provider refuses the request${answer.kind === 'page' ? ` with a page of its own (status ${answer.status})` : ''}; to be registered is ${redirectUri}`, unrecognised)
  }
}

/** Whether the provider accepts what the client shows of itself: it has to say no to the code, and not to the client. */
export async function judgeCredentials (inspection: ProviderInspection, server: PublishedMetadata, method: ClientAuthMethod): Promise<Finding> {
  const trouble = await inspection.redeemNothing(server)
  if (trouble.code !== 'invalid_grant') return troubled(trouble)
  if (method === 'none') return found.ok('accepted as a public client, which shows nothing of itself')
  if (!isBySecret(method) || await tellsApart(inspection, server)) return found.ok(`accepted, by ${method}`)
  return found.warning('the provider says the same to a wrong secret: it looks at the code first', 'whether it accepts provider.clientSecret shows when somebody signs in')
}

function isBySecret (method: ClientAuthMethod): boolean {
  return method === 'client_secret_basic' || method === 'client_secret_post' || method === 'client_secret_jwt'
}

/** Some providers read the code before they look at the client: then their answer proves nothing. */
async function tellsApart (inspection: ProviderInspection, server: PublishedMetadata): Promise<boolean> {
  return (await inspection.redeemNothing(server, { clientSecret: 'a wrong secret, on purpose, by doorward doctor' })).code !== 'invalid_grant'
}

/** Whether the directory answers, lets Doorward in and lets it look: it has to say no to the person alone. */
export async function judgeGroupSource (inspection: ProviderInspection): Promise<Finding> {
  const trouble = await inspection.askForGroups()
  if (trouble === undefined) return found.skipped('no directory is asked, or only in the name of who signs in')
  return trouble.code === 'groups_person_unknown' ? found.ok('the directory lets Doorward look for groups') : troubled(trouble)
}

/** Told with what there is to advise. */
export function troubled ({ happened, advice = 'the log of the provider may say more' }: Trouble): Finding {
  return found.failed(happened, advice)
}
