/** What of a request for a sign-in the provider does not know. */
export type Mistake = 'redirect_uri' | 'client' | 'scope'

/** What the provider answers to a request for a sign-in that must not ask anybody anything. */
export type AuthorizationAnswer =
  /** It has taken the request: the browser is sent back to the redirect URI since nobody may be asked (OpenID Connect Core section 3.1.2.6). */
  | { readonly kind: 'taken' }
  /** In the words of the protocol, by way of the browser or in answer to what was pushed (RFC 9126 section 2.3). */
  | { readonly kind: 'refused', readonly error: string, readonly description: string | undefined, readonly what: Mistake | undefined }
  /** With a page of its own. */
  | { readonly kind: 'page', readonly status: number, readonly what: Mistake | undefined }
  /** It goes on: with a page of its own, or to somewhere else. */
  | { readonly kind: 'goes_on', readonly to: string | undefined }

export interface AuthorizationResponse {
  readonly status: number
  /** Absolute. */
  readonly location: string | undefined
  readonly body: string
}

/**
 * Words by which providers name a redirect URI, a client or a scope that they don't know, in the order in which they
 * look at them: whoever names the redirect URI may well name the client beside it. The numbers are Entra ID's.
 */
const mistakes: ReadonlyArray<readonly [Mistake, RegExp]> = [
  ['redirect_uri', /AADSTS(50011|900971)|redirect[_ ]?ur[il]|reply (url|address)|callback url/i],
  ['client', /AADSTS700016|invalid_client|unauthorized_client|client( was| is)? (not found|invalid|unknown)|(unknown|invalid) (client|application)|client_id/i],
  ['scope', /AADSTS70011|invalid_scope|(unknown|invalid) scope/i]
]

const taken = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required']

/** Reads the answer of the authorization endpoint. @param redirectUri that was asked for */
export function readAuthorizationAnswer ({ status, location, body }: AuthorizationResponse, redirectUri: string): AuthorizationAnswer {
  const sent = location === undefined ? formTo(redirectUri, body) : parametersAt(redirectUri, location)
  if (sent !== undefined) return refusalOrNone(sent.get('error'), sent.get('error_description') ?? undefined)
  const to = location === undefined ? null : URL.parse(location)
  if (status >= 400) return { kind: 'page', status, what: mistakeIn(body) }
  // Of an address only what it says of an error: a sign-in page is told the redirect URI, too.
  const what = to === null ? undefined : mistakeIn(errorsIn(to))
  return what === undefined ? { kind: 'goes_on', to: to?.origin } : { kind: 'page', status, what }
}

/** What was refused, by the error and its description. */
export function refusedRequest (error: string, description: string | undefined): Extract<AuthorizationAnswer, { kind: 'refused' }> {
  return { kind: 'refused', error, description, what: mistakeIn(`${error} ${description ?? ''}`) }
}

function refusalOrNone (error: string | null, description: string | undefined): AuthorizationAnswer {
  return error === null || taken.includes(error) ? { kind: 'taken' } : refusedRequest(error, description)
}

function parametersAt (redirectUri: string, location: string): URLSearchParams | undefined {
  const [expected, found] = [URL.parse(redirectUri), URL.parse(location)]
  if (expected === null || found === null || expected.origin + expected.pathname !== found.origin + found.pathname) return undefined
  return found.search === '' ? new URLSearchParams(found.hash.slice(1)) : found.searchParams
}

/** A page whose form posts the answer (OAuth 2.0 Form Post Response Mode section 2). */
function formTo (redirectUri: string, page: string): URLSearchParams | undefined {
  const action = attribute(/<form\b[^>]*>/i.exec(page)?.[0], 'action')
  if (action === undefined || parametersAt(redirectUri, action) === undefined) return undefined
  const inputs = page.match(/<input\b[^>]*>/gi) ?? []
  return new URLSearchParams(inputs.map((input): [string, string] => [attribute(input, 'name') ?? '', attribute(input, 'value') ?? '']))
}

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&quot;': '"', '&#39;': "'", '&#x27;': "'", '&lt;': '<', '&gt;': '>', '&#x2f;': '/', '&#x3a;': ':' }

function attribute (tag: string | undefined, name: string): string | undefined {
  const found = new RegExp(`\\s${name}\\s*=\\s*("([^"]*)"|'([^']*)')`, 'i').exec(tag ?? '')
  return (found?.[2] ?? found?.[3])?.replace(/&[#\w]+;/g, (entity) => entities[entity.toLowerCase()] ?? entity)
}

function mistakeIn (text: string): Mistake | undefined {
  return mistakes.find(([, words]) => words.test(text))?.[0]
}

/** What an address says of an error; Google writes it in base64, within other data. */
function errorsIn (address: URL): string {
  const told = [...address.searchParams].filter(([name]) => /error/i.test(name))
  return told.flatMap(([, value]) => [value, Buffer.from(value, 'base64url').toString('latin1')]).join(' ')
}
