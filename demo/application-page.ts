import { avatar, chips, html, type Markup, page } from './page.ts'
import { type AssertionResult, type Person, type Received } from './received.ts'

const links = [
  ['/', 'Start'],
  ['/reports/2026?quarter=3', 'A report'],
  ['/admin', 'Administration'],
  ['/public/hello', 'Public page'],
  ['/oidc/session', 'Session'],
  ['/oidc/logout', 'Sign out']
] as const

/** Everything that the application received, for people to look at. */
export function applicationPage ({ method, url, person, assertion, headers }: Received): string {
  return page(`Demo application: ${url}`, html`<main>
<header><p class="eyebrow">Demo application</p><h1>${greeting(person)}</h1>
<p class="lead">This page is behind Doorward. You asked for <code>${method} ${url}</code>.</p></header>
<nav aria-label="Pages to try"><ul class="links">${links.map(([address, label]) => html`<li><a href="${address}">${label}</a></li>`)}</ul></nav>
<div class="pair">${personCard(person)}${assertionCard(assertion)}</div>
${headersCard(headers)}
</main>`)
}

function greeting (person: Person | undefined): string {
  return person === undefined ? 'Hello, whoever you are' : `Hello, ${person.name ?? person.user}`
}

function personCard (person: Person | undefined): Markup {
  if (person === undefined) {
    return html`<section class="card"><h2>Who you are</h2>
<p class="faint">The request doesn’t say who you are: this page is open to everybody.</p>
<p class="actions"><a class="primary" href="/oidc/login?return_to=/">Sign in</a></p></section>`
  }
  return html`<section class="card"><h2>Who you are</h2>
<div class="me">${avatar(person.name ?? person.user)}<span class="who"><strong>${person.name ?? person.user}</strong><span class="faint">${person.email}</span></span></div>
<dl class="facts"><dt>Roles</dt><dd>${chips(person.roles, 'none')}</dd>
<dt>Groups</dt><dd>${chips(person.groups, 'none')}</dd>
<dt>User</dt><dd>${person.user}</dd>
<dt>Subject</dt><dd>${person.subject}</dd></dl></section>`
}

function assertionCard (assertion: AssertionResult | undefined): Markup {
  if (assertion === undefined) {
    return html`<section class="card"><h2>Signed assertion</h2><p class="verdict">None</p>
<p class="faint">The request carries none, as nobody is signed in.</p></section>`
  }
  if (!assertion.verified) {
    return html`<section class="card"><h2>Signed assertion</h2><p class="verdict bad">Not verified</p>
<p class="faint">${assertion.reason}</p></section>`
  }
  const { claims, algorithm, keyId } = assertion
  return html`<section class="card"><h2>Signed assertion</h2><p class="verdict good">Verified against Doorward’s keys</p>
<dl class="facts"><dt>Issuer</dt><dd>${claims.iss}</dd>
<dt>Audience</dt><dd>${[claims.aud].flat().join(', ')}</dd>
<dt>Subject</dt><dd>${claims.sub}</dd>
<dt>Valid until</dt><dd>${moment(claims.exp)}</dd>
<dt>Signature</dt><dd>${algorithm}, key <code>${keyId}</code></dd></dl>
<details><summary>All claims</summary><pre><code>${JSON.stringify(claims, null, 2)}</code></pre></details></section>`
}

function moment (seconds = 0): string {
  return new Date(seconds * 1000).toUTCString()
}

function headersCard (headers: Received['headers']): Markup {
  const ours = headers.filter(([name]) => isIdentity(name))
  const others = headers.filter(([name]) => !isIdentity(name))
  return html`<section class="card"><table><caption>Request headers that arrived here</caption>
<tbody class="ours">${ours.map(headerRow)}</tbody>
<tbody>${others.map(headerRow)}</tbody></table></section>`
}

function isIdentity (name: string): boolean {
  return name.toLowerCase().startsWith('x-auth-')
}

function headerRow ([name, value]: readonly [string, string]): Markup {
  return html`<tr><th scope="row">${name}</th><td><code>${value}</code></td></tr>`
}
