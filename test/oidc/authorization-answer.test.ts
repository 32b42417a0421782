/** What providers answer to a request for a sign-in that they don't take, as they have been seen to word it. */
import { test } from 'tap'
import { type AuthorizationResponse, readAuthorizationAnswer } from '../../src/oidc/authorization-answer.ts'

const redirectUri = 'https://app.example.com/oidc/callback'

function answerTo ({ status = 200, location, body = '' }: Partial<AuthorizationResponse>) {
  return readAuthorizationAnswer({ status, location, body }, redirectUri)
}

test('whoever is sent back since nobody may be asked has been understood', async (t) => {
  for (const error of ['login_required', 'interaction_required', 'consent_required', 'account_selection_required']) {
    for (const mark of ['?', '#']) t.strictSame(answerTo({ status: 303, location: `${redirectUri}${mark}error=${error}&state=x` }), { kind: 'taken' })
    t.strictSame(answerTo({ body: `<html><body onload="go()"><form method="post" action="https&#x3a;&#x2f;&#x2f;app.example.com/oidc/callback"><input value='${error}' type="hidden" name="error"/></form>` }), { kind: 'taken' })
  }
  t.strictSame(answerTo({ status: 302, location: `${redirectUri}?code=x&state=y` }), { kind: 'taken' }, 'a provider that knows this machine')
})

test('an error that is sent back is told with its description', async (t) => {
  t.strictSame(answerTo({ status: 302, location: `${redirectUri}?error=invalid_scope&error_description=no+such+scope` }), { kind: 'refused', error: 'invalid_scope', description: 'no such scope', what: 'scope' })
  t.strictSame(answerTo({ body: `<form action='${redirectUri}'><input name="error" value="odd"><input name="error_description" value="a &quot;b&quot; &amp; c">` }), { kind: 'refused', error: 'odd', description: 'a "b" & c', what: undefined })
})

const pages: ReadonlyArray<readonly [body: string, what: 'redirect_uri' | 'client' | 'scope' | undefined]> = [
  ['<p>Invalid parameter: redirect_uri</p>', 'redirect_uri'],
  ['AADSTS50011: The redirect URI specified in the request does not match the redirect URIs configured for the application', 'redirect_uri'],
  ['The reply URL specified in the request does not match', 'redirect_uri'],
  ['Callback URL mismatch. The provided redirect_uri is not in the list of allowed callback URLs', 'redirect_uri'],
  ['Error 400: redirect_uri_mismatch', 'redirect_uri'],
  ['{"error":"invalid_client","error_description":"client is invalid"}', 'client'],
  ['<p>Client not found.</p>', 'client'],
  ['AADSTS700016: Application with identifier was not found in the directory', 'client'],
  ['<p>Unknown client</p>', 'client'],
  ['invalid_scope', 'scope'],
  ['<h1>Something is wrong</h1>', undefined]
]

test('a page of the provider is read for what it does not know', async (t) => {
  for (const [body, what] of pages) t.strictSame(answerTo({ status: 400, body }), { kind: 'page', status: 400, what }, body)
})

test('a redirect to elsewhere goes on, unless its address tells of an error', async (t) => {
  t.strictSame(answerTo({ status: 302, location: `https://idp.example.com/login?redirect_uri=${encodeURIComponent(redirectUri)}&client_id=app` }), { kind: 'goes_on', to: 'https://idp.example.com' })
  const told = Buffer.from('\n\u0015redirect_uri_mismatch\u0012\u0000').toString('base64url')
  t.strictSame(answerTo({ status: 302, location: `https://accounts.example.com/signin/oauth/error?authError=${told}` }), { kind: 'page', status: 302, what: 'redirect_uri' })
  t.strictSame(answerTo({ status: 302, location: 'https://idp.example.com/oops?error=invalid_client' }), { kind: 'page', status: 302, what: 'client' })
})

test('a page that signs people in, and an address that is none, are not taken for an answer', async (t) => {
  t.strictSame(answerTo({ body: '<form action="/login"><input name="error" value="invalid_scope">' }), { kind: 'goes_on', to: undefined })
  t.strictSame(answerTo({ status: 302, location: 'https://app.example.com.evil.example/oidc/callback?error=login_required' }), { kind: 'goes_on', to: 'https://app.example.com.evil.example' })
  t.strictSame(answerTo({ status: 302, location: '//' }), { kind: 'goes_on', to: undefined })
})
