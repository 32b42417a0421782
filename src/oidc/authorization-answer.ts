/** What the authorization endpoint answered to a request for a sign-in that must not ask anybody anything. */
export type AuthorizationAnswer =
  /** The browser is sent back to the redirect URI, with an error (OpenID Connect Core section 3.1.2.6) or without. */
  | { readonly kind: 'sent_back', readonly error: string | undefined, readonly description: string | undefined }
  /** It shows a page of its own that names what it does not take. */
  | { readonly kind: 'refused', readonly status: number, readonly what: 'redirect_uri' | 'client' | 'scope' | undefined }
  /** It goes on: to a page of its own, or to somewhere else. */
  | { readonly kind: 'goes_on', readonly to: string | undefined }

export interface AuthorizationResponse {
  readonly status: number
  readonly location: string | undefined
  readonly body: string
}

/**
 * Words by which providers name a redirect URI, a client or a scope that they don't know, in the order in which they
 * look at them: whoever names the redirect URI may well name the client beside it. The numbers are Entra ID's.
 */
const mistakes = [
  ['redirect_uri', /AADSTS(50011|900971)|redirect[_ ]?ur[il]|reply (url|address)|callback url/i],
  ['client', /AADSTS700016|invalid_client|unauthorized_client|client( was)? not found|(unknown|invalid) (client|application)|client_id/i],
  ['scope', /AADSTS70011|invalid_scope|(unknown|invalid) scope/i]
] as const

/** Reads it. Nothing in it is believed beyond what it says of the request. @param redirectUri that was asked for */
export function readAuthorizationAnswer ({ status, location, body }: AuthorizationResponse, redirectUri: string): AuthorizationAnswer {
  const sent = location === undefined ? formTo(redirectUri, body) : parametersAt(redirectUri, location)
  if (sent !== undefined) return { kind: 'sent_back', error: sent.get('error') ?? undefined, description: sent.get('error_description') ?? undefined }
  const to = location === undefined ? undefined : URL.parse(location)
  // Of an address only what it carries counts: a sign-in page is told the redirect URI, too.
  const what = to === undefined ? mistakeIn(body) : mistakeIn(errorsIn(to))
  const isError = status >= 400 || (to !== undefined && what !== undefined)
  return isError ? { kind: 'refused', status, what } : { kind: 'goes_on', to: to?.origin }
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

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&quot;': '"', '&#39;': "'", '&#x27;': "'", '&lt;': '<', '&gt;': '>' }

function attribute (tag: string | undefined, name: string): string | undefined {
  const found = new RegExp(`\\s${name}\\s*=\\s*("([^"]*)"|'([^']*)')`, 'i').exec(tag ?? '')
  return (found?.[2] ?? found?.[3])?.replace(/&[#\w]+;/g, (entity) => entities[entity.toLowerCase()] ?? entity)
}

function mistakeIn (text: string): 'redirect_uri' | 'client' | 'scope' | undefined {
  return mistakes.find(([, words]) => words.test(text))?.[0]
}

/** What an address says of an error; Google writes it in base64, within other data. */
function errorsIn (address: URL | null): string {
  const told = [...address?.searchParams ?? []].filter(([name]) => /error/i.test(name))
  return told.flatMap(([, value]) => [value, Buffer.from(value, 'base64url').toString('latin1')]).join(' ')
}
