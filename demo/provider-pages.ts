import { avatar, chips, html, Markup, page } from './page.ts'
import { type People, type PersonClaims } from './people.ts'

/** Choose who to be: one form a person, so that a click is the whole sign-in. */
export function pickPersonPage (uid: string, people: People): string {
  const action = `/interaction/${uid}`
  return page('Pick a person', html`<main class="narrow">
<header><p class="eyebrow">Demo identity provider</p><h1>Who would you like to be?</h1>
<p class="lead">Pick a person to sign in as. There is no password: this provider is for trying things out.</p></header>
<ul class="people">${Object.entries(people).map(([sub, claims]) => html`<li>${personForm(action, sub, claims)}</li>`)}</ul>
<form method="post" action="${action}" class="aside"><button class="quiet" name="cancel" value="yes">Cancel and go back</button></form>
</main>`)
}

function personForm (action: string, sub: string, claims: PersonClaims): Markup {
  const name = text(claims.name) ?? sub
  const groups = Array.isArray(claims.groups) ? claims.groups.map(String) : []
  return html`<form method="post" action="${action}"><button class="person" name="person" value="${sub}">
${avatar(name)}<span class="who"><strong>${name}</strong><span class="faint">${text(claims.email)}</span>
${chips(groups, 'in no group')}</span></button></form>`
}

/** Asks before signing out; `form` is the hidden form that oidc-provider made for it. */
export function signOutPage (form: string): string {
  return page('Sign out', html`<main class="narrow">
<header><p class="eyebrow">Demo identity provider</p><h1>Sign out here as well?</h1>
<p class="lead">The application has signed you out. If you stay signed in here, the next sign-in won’t ask who you are.</p></header>
${new Markup(form)}
<p class="actions"><button class="primary" form="op.logoutForm" name="logout" value="yes" autofocus>Sign out</button>
<button class="secondary" form="op.logoutForm">Stay signed in</button></p>
</main>`)
}

/** A page with nothing to do on it. */
export function messagePage (title: string, message: string): string {
  return page(title, html`<main class="narrow">
<header><p class="eyebrow">Demo identity provider</p><h1>${title}</h1><p class="lead">${message}</p></header>
</main>`)
}

function text (claim: unknown): string | undefined {
  return typeof claim === 'string' ? claim : undefined
}
