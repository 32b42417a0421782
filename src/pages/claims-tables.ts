import { claimValue, cut, more } from './claim-value.ts'
import { type ClaimsBySource, type ClaimsReport, claimsSources, type ReportedGrant, type ReportedGroup } from './claims-report.ts'
import { html, type Html } from './html.ts'

const mostRows = 200
const mostChips = 60

/** As the specifications call them. */
const sourceNames = { idToken: 'id_token', userinfo: 'userinfo', merged: 'merged' } as const

/** Claims that speak of the token and of the sign-in, not of the person (OpenID Connect Core section 2). */
const protocolClaims: ReadonlySet<string> = new Set(['iss', 'aud', 'azp', 'exp', 'iat', 'nbf', 'jti', 'nonce', 'at_hash', 'c_hash', 's_hash', 'sid', 'auth_time', 'acr', 'amr'])

/** What each setting found, and where. */
export function settingsTable ({ settings }: ClaimsReport): Html {
  const rows = settings.map(({ setting, claim, from, value }) => row(setting, [
    ['claim', html`<code>${cut(claim)}</code>`],
    ['found in', from.length === 0 ? html`<span class="mark wrong">nowhere</span>` : html`${from.length === 1 && from[0] === 'merged' ? html`<code>provider.groupSource</code>` : from.map((source) => sourceNames[source]).join(', ')}`],
    ['holds', claimValue(value)]
  ]))
  return table(['setting', 'claim', 'found in', 'holds'], rows)
}

/** The claims of each source, side by side: those of the person, then those of the protocol. */
export function claimsTables ({ claims }: ClaimsReport): Html {
  const names = [...new Set(claimsSources.flatMap((source) => Object.keys(claims[source] ?? {})))].sort()
  const ofProtocol = names.filter((name) => protocolClaims.has(name))
  const ofPerson = names.filter((name) => !protocolClaims.has(name))
  return html`${sourcesTable(ofPerson, claims)}
<details><summary>Claims about the token and the sign-in: ${String(ofProtocol.length)}</summary>
${sourcesTable(ofProtocol, claims)}
</details>`
}

function sourcesTable (names: readonly string[], claims: ClaimsBySource): Html {
  const rows = names.slice(0, mostRows).map((name) => row(cut(name), claimsSources.map((source) => [sourceNames[source], claimValue(valueIn(claims[source], name))])))
  const rest = names.length - rows.length
  return html`${table(['claim', ...claimsSources.map((source) => sourceNames[source])], rows)}
${rest > 0 ? html`<p class="quiet">And ${rest.toLocaleString('en')} more claims.</p>` : undefined}`
}

function valueIn (claims: ClaimsBySource['userinfo'], name: string): unknown {
  return claims !== null && Object.hasOwn(claims, name) ? claims[name] : undefined
}

/** The groups by where they were found. */
export function groupsList ({ groups }: ClaimsReport): Html {
  if (groups.length === 0) return none
  return html`${[...Map.groupBy(groups, ({ claim }) => claim)].map(([claim, found]) => html`
<p class="quiet">${found.length.toLocaleString('en')} in the claim <code>${cut(claim)}</code></p>
<ul class="chips">${found.toSorted(droppedLast).slice(0, mostChips).map(groupChip)}${more(found.length - mostChips)}</ul>`)}`
}

function droppedLast (first: ReportedGroup, second: ReportedGroup): number {
  return Number(first.dropped !== undefined) - Number(second.dropped !== undefined)
}

function groupChip ({ name, renamedFrom, dropped }: ReportedGroup): Html {
  const note = [renamedFrom === undefined ? '' : `was ${cut(renamedFrom)}`, dropped === undefined ? '' : `left out by ${dropped}`].filter((text) => text !== '').join(', ')
  return html`<li><bdi>${cut(name)}</bdi>${note === '' ? undefined : html` <span class="note">${note}</span>`}</li>`
}

/** What somebody was given, each with the setting that gave it. */
export function grantsTable (what: string, grants: readonly ReportedGrant[]): Html {
  if (grants.length === 0) return none
  const rows = grants.slice(0, mostRows).map(({ name, holds, by, matched, dropped, onlyAt }) => row(cut(name), [
    ...holds === undefined ? [] : [['holds', claimValue(Array.isArray(holds) && holds.length === 0 ? undefined : holds)] as const],
    ['given by', html`<code>${cut(by)}</code>${dropped === undefined ? undefined : html` <span class="mark wrong">left out by ${dropped}${onlyAt && `, only at ${cut(onlyAt.join(', '))}`}</span>`}`],
    ['matched', claimValue(matched)]
  ]))
  const holds = grants.some(({ holds }) => holds !== undefined) ? ['holds'] : []
  return html`${table([what, ...holds, 'given by', 'matched'], rows)}${grants.length > rows.length ? html`<p class="quiet">And ${(grants.length - rows.length).toLocaleString('en')} more.</p>` : undefined}`
}

const none = html`<p class="quiet">None.</p>`

type Cell = readonly [label: string, content: Html]

/** On a narrow screen each row stands by itself, and its cells say what they are. */
function row (name: string, cells: readonly Cell[]): Html {
  return html`<tr><th scope="row"><bdi>${name}</bdi></th>${cells.map(([label, content]) => html`<td data-label="${label}">${content}</td>`)}</tr>
`
}

function table (columns: readonly string[], rows: readonly Html[]): Html {
  return html`<table><thead><tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table>`
}
