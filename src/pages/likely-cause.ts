import { html, type Html } from './html.ts'
import { type Site } from './site.ts'

/** Why a sign-in leads nowhere, where what is known at that moment tells. */
export type LikelyCause = 'http' | 'cookies_blocked' | 'session_refused' | 'session_twice' | 'unreadable' | 'session_over' | 'application' | 'clock' | 'size' | 'groups_elsewhere' | 'graph_permission'

/** For whoever is in front of the page, then for whoever runs the site. */
const words: Readonly<Record<LikelyCause, (site: Site, members: Readonly<Record<string, unknown>>) => Html>> = {
  http: ({ publicUrl }) => html`<p>This page was asked for with http, but browsers send the cookies of this site with https alone. Open <code>${publicUrl}</code> instead.</p>
<p class="quiet">For the administrator: redirect http to https, or, if people do come with https, have the proxy in front say so in <code>X-Forwarded-Proto</code>.</p>`,
  cookies_blocked: ({ publicUrl }) => html`<p>Your browser sent none of this site’s cookies. It probably blocks them: allow cookies for <code>${publicUrl}</code>, then sign in again.</p>`,
  session_refused: () => html`<p>Your browser keeps other cookies of this site, but not the one of the session. An extension, a setting of the browser, or a proxy on the way may remove it.</p>`,
  session_twice: () => html`<p>Your browser sent the cookie of the session more than once, or only a part of it, so none of it can be believed. Delete the cookies of this site, then sign in again.</p>`,
  unreadable: () => html`<p>Your browser brings back what this site gave it, but it can’t be read here.</p>
<p class="quiet">For the administrator: every replica needs the same <code>session.secret</code>.</p>`,
  session_over: () => html`<p>The session was over as soon as it had begun.</p>
<p class="quiet">For the administrator: compare the clocks of all replicas, and look at <code>session.idleTimeout</code> and <code>session.maxLifetime</code>.</p>`,
  application: () => html`<p>You are signed in, but the page that you wanted sends you to sign in again. If deleting the cookies of this site does not help, the application does so.</p>
<p class="quiet">For the administrator: the application may expect another header than it receives, or a replica may have another <code>session.secret</code>.</p>`,
  clock: (_site, { clock_difference: seconds }) => html`<p>The clock of the identity provider is ${difference(seconds)} this site’s clock. As long as that is so, no sign-in can be accepted.</p>
<p class="quiet">For the administrator: set both clocks by the network.</p>`,
  size: (_site, { groups }) => html`<p>The identity provider sends ${String(groups)} groups for your account.</p>
<p class="quiet">For the administrator: <code>groups.filter</code> keeps those that matter; headers that carry every claim or the access token make a session larger, too.</p>`,
  groups_elsewhere: () => html`<p>You are in more groups than the identity provider tells of at a sign-in.</p>
<p class="quiet">For the administrator: <code>provider.groupSource</code> names the directory that has the rest.</p>`,
  graph_permission: () => html`<p>This site may not read which groups you are in.</p>
<p class="quiet">For the administrator: the client lacks the application permissions <code>User.ReadBasic.All</code> and <code>GroupMember.Read.All</code> of Microsoft Graph, or an administrator’s consent to them.</p>`
}

/** The box that names the cause; `undefined` where it is none of those known. */
export function likelyCauseBox (members: Readonly<Record<string, unknown>>, site: Site): Html | undefined {
  const { likely_cause: cause } = members
  if (typeof cause !== 'string' || !Object.hasOwn(words, cause)) return undefined
  return html`
<section>
<h2>Most likely cause</h2>
${words[cause as LikelyCause](site, members)}
</section>`
}

function difference (seconds: unknown): string {
  const count = Number(seconds)
  const size = Math.abs(count)
  const amount = size < 120 ? `${size} seconds` : `${Math.round(size / 60)} minutes`
  return count < 0 ? `${amount} behind` : `${amount} ahead of`
}
