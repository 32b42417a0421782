import { type Person } from '../errors.ts'
import { html, type Html } from './html.ts'
import { likelyCauseBox } from './likely-cause.ts'
import { type Site } from './site.ts'

/** The members of a problem (RFC 9457 section 3.2). */
type Members = Readonly<Record<string, unknown>>

/** More of them than this would bury the buttons; the rest is counted. */
const shownAtMost = 24

/** Which rule refused whom; what was missing is said by the problem's own words. */
export function refusal ({ rule }: Members, person: Person | undefined, heading: string): Html {
  const name = settingOf(rule)
  return html`${name && html`<p class="quiet">Rule <code>${name}</code></p>`}${person && account(person, heading)}`
}

/** The rule as the administrator finds it in the configuration; `rule` is its position, or `default`. */
function settingOf (rule: unknown): string | undefined {
  if (rule === 'default') return 'access.default'
  return typeof rule === 'number' ? `access.rules[${rule}]` : undefined
}

function account ({ user, email, roles }: Person, heading: string): Html {
  return html`
<section>
<h2>${heading}</h2>
<p class="who"><bdi>${user}</bdi></p>
${email === undefined || email === user ? undefined : html`<p class="quiet"><bdi>${email}</bdi></p>`}
${roles.length === 0 ? html`<p class="quiet">No roles</p>` : html`<h3>Roles</h3><ul class="chips">${items(roles)}</ul>`}
</section>`
}

function items (texts: readonly string[]): Html {
  const shown = texts.slice(0, shownAtMost).map((text) => html`<li><bdi>${text}</bdi></li>`)
  const rest = texts.length - shown.length
  return html`${shown}${rest === 0 ? undefined : html`<li class="more">and ${String(rest)} more</li>`}`
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
