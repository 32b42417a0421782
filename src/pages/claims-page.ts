import { claimsUrl } from '../own-routes.ts'
import { buttons } from './buttons.ts'
import { cut } from './claim-value.ts'
import { type ClaimsReport, type ReportedGrant } from './claims-report.ts'
import { claimsTables, grantsTable, groupsList, settingsTable } from './claims-tables.ts'
import { html, type Html } from './html.ts'
import { type PageContent } from './layout.ts'
import { type Site } from './site.ts'

/** Four cookies with 4,000 bytes each (src/sessions/cookies.ts). */
const cookieRoom = 16_000

/** What the provider says of whoever reads it, what became of it, and why. */
export function claimsPage (report: ClaimsReport, { basePath }: Site): PageContent {
  return {
    status: 200,
    heading: 'Your claims',
    drawing: 'open',
    isWide: true,
    body: html`<p class="lead">What the identity provider said of <bdi>${cut(report.person.user)}</bdi> in the sign-in that has just ended, and what became of it.</p>
<p class="quiet">Provider <code>${report.provider.id}</code>, at ${report.time}. Nothing of it is kept: every visit asks the provider anew.</p>
${hints(report)}
<h2>What the settings find</h2>
${settingsTable(report)}
<h2>Claims</h2>
${report.claims.userinfo === null ? html`<p class="quiet">The provider was not asked for userinfo.</p>` : undefined}
${report.fetched.length === 0 ? undefined : html`<p class="quiet">Neither the token nor userinfo holds ${report.fetched.map((name) => html`<code>${cut(name)}</code> `)}: this was asked for as <code>provider.groupSource</code> says.</p>`}
${claimsTables(report)}
<h2>Groups</h2>
${groupsList(report)}
<h2>Roles</h2>
${grantsTable('role', report.roles)}
${otherGrants('Organizations', 'organization', report.organizations)}
${otherGrants('Projects', 'project', report.projects)}
${otherGrants('Attributes', 'attribute', report.attributes)}
<h2>Scopes</h2>
${scopes(report)}
<h2>Sizes</h2>
${sizes(report)}`,
    actions: buttons([
      { text: 'Ask again', href: claimsUrl(basePath) },
      { text: 'The same as JSON', href: claimsUrl(basePath, 'json') },
      { text: 'Back to the start', href: '/' }
    ])
  }
}

function hints ({ hints }: ClaimsReport): Html | undefined {
  if (hints.length === 0) return undefined
  const items = hints.map(({ text, names }) => html`<li>${cut(text)}${names.length === 0 ? undefined : html` ${names.map((name) => html`<code>${cut(name)}</code> `)}`}</li>`)
  return html`<section>
<h2>Worth a look</h2>
<ul>${items}</ul>
</section>`
}

function otherGrants (heading: string, what: string, grants: readonly ReportedGrant[]): Html | undefined {
  if (grants.length === 0) return undefined
  return html`<h2>${heading}</h2>
${grantsTable(what, grants)}`
}

function scopes ({ scopes: { asked, granted } }: ClaimsReport): Html {
  const items = asked.map((scope) => html`<li>${scope}${granted.includes(scope) ? undefined : html` <span class="note wrong">not granted</span>`}</li>`)
  return html`<ul class="chips">${items}</ul>`
}

function sizes ({ sizes: { cookie, headers } }: ClaimsReport): Html {
  const ofHeaders = headers.map(({ path, bytes }) => html`<li>Headers about the person, for the application at <code>${path}</code>: ${size(bytes)}</li>`)
  return html`<ul>
<li>The session’s ${cookie.count === 1 ? 'cookie' : `${cookie.count} cookies`}: ${size(cookie.bytes)}; ${size(cookieRoom)} fit</li>
${ofHeaders}
</ul>`
}

function size (bytes: number): string {
  return `${bytes.toLocaleString('en')} bytes`
}
