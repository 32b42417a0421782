import { type Person } from '../errors.ts'
import { html, type Html } from './html.ts'
import { type Site } from './site.ts'

/** Whom a refusal is about, in the member `account` of a problem document and on the page. */
export interface Account {
  readonly user: string
  readonly email?: string
  /** The id of the provider in the configuration. */
  readonly provider: string
  readonly roles: readonly string[]
  readonly groups: readonly string[]
  /** How many roles and groups are left out at the end of each list. */
  readonly omitted?: Readonly<Record<string, number>>
}

/** More entries than this would bury the buttons. */
const shownAtMost = 24
/** Characters of one text; a provider may send any number. */
const shownLength = 120

/** The person, short enough for an answer: somebody may be in thousands of groups, each with a name as long as they like. */
export function accountOf ({ user, email, provider, roles, groups }: Person): Account {
  const omitted = Object.entries({ roles, groups })
    .map(([name, texts]) => [name, texts.length - shownAtMost] as const)
    .filter(([, count]) => count > 0)
  return {
    user: shortened(user),
    ...email !== undefined && { email: shortened(email) },
    provider,
    roles: roles.slice(0, shownAtMost).map(shortened),
    groups: groups.slice(0, shownAtMost).map(shortened),
    ...omitted.length > 0 && { omitted: Object.fromEntries(omitted) }
  }
}

/** Cut between characters: half of one would be shown as a mark of its own. */
function shortened (text: string): string {
  if (text.length <= shownLength) return text
  return `${[...text.slice(0, 2 * shownLength)].slice(0, shownLength).join('')}…`
}

/** Groups are folded away: they explain a role that is missing, and are often many and mere numbers. */
export function accountBox ({ user, email, provider, roles, groups, omitted = {} }: Account, heading: string, { providerNames }: Site): Html {
  const providerName = providerNames.get(provider)
  return html`
<section>
<h2>${heading}</h2>
<p class="who"><bdi>${user}</bdi></p>
${email === undefined || email === user ? undefined : html`<p class="quiet"><bdi>${email}</bdi></p>`}
${providerName === undefined ? undefined : html`<p class="quiet">at <bdi>${providerName}</bdi></p>`}
${roles.length === 0 ? html`<p class="quiet">No roles</p>` : html`<h3>Roles</h3>${chips(roles, omitted['roles'])}`}
${groups.length === 0 ? html`<p class="quiet">No groups</p>` : html`<details><summary>Groups (${String(groups.length + (omitted['groups'] ?? 0))})</summary>${chips(groups, omitted['groups'])}</details>`}
</section>`
}

function chips (texts: readonly string[], omitted = 0): Html {
  const shown = texts.map((text) => html`<li><bdi>${text}</bdi></li>`)
  return html`<ul class="chips">${shown}${omitted === 0 ? undefined : html`<li class="more">and ${String(omitted)} more</li>`}</ul>`
}
