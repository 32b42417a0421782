import { type Person } from '../errors.ts'
import { accountBox, accountOf } from './account.ts'
import { html, type Html } from './html.ts'
import { likelyCauseBox } from './likely-cause.ts'
import { type Site } from './site.ts'

/** The members of a problem (RFC 9457 section 3.2). */
type Members = Readonly<Record<string, unknown>>

/** Which settings refused whom; what was missing is said by the problem's own words. */
export function refusal (settings: readonly string[], person: Person | undefined, heading: string, site: Site): Html {
  const names = settings.map((name, index) => html`${index === 0 ? '' : ', '}<code>${name}</code>`)
  return html`${settings.length === 0 ? undefined : html`<p class="quiet">Rule ${names}</p>`}${person && accountBox(accountOf(person), heading, site)}`
}

/** The rule as the administrator finds it in the configuration; `rule` is its position, `default`, or a setting elsewhere. */
export function ruleIn ({ rule }: Members): string[] {
  if (rule === 'default') return ['access.default']
  if (rule === 'pages.claimsFor') return [rule]
  return typeof rule === 'number' ? [`access.rules[${rule}]`] : []
}

/** The terms of a sign-in that are not met, by their settings. */
export function termsIn ({ missing }: Members): string[] {
  return typeof missing === 'object' && missing !== null ? Object.keys(missing) : []
}

/** What it usually is that keeps the cookie of a sign-in (`cookie`) away. */
export function missingCookie (members: Members, site: Site): Html {
  const { cookie } = members
  return html`${likelyCauseBox(members, site) ?? usualCauses(site)}
${typeof cookie === 'string' ? html`<p class="quiet">Missing cookie <code>${cookie}</code></p>` : undefined}`
}

function usualCauses ({ publicUrl }: Site): Html {
  return html`
<section>
<h2>What usually causes this</h2>
<ul>
<li>Cookies are blocked for this site.</li>
<li>The sign-in began at another address than <code>${publicUrl}</code>.</li>
${publicUrl.startsWith('https:') ? html`<li>The page was opened with http instead of https.</li>` : undefined}
<li>The sign-in took longer than ten minutes.</li>
</ul>
</section>`
}
