import { isOwnPath } from './buttons.ts'
import { html, type Html } from './html.ts'
import { type PageContent } from './layout.ts'

/** What people choose among before a sign-in. */
export interface ProviderChoice {
  /** The path that each choice leads to. */
  readonly action: string
  /** Sent along with the choice: name → value. */
  readonly fields: Readonly<Record<string, string>>
  readonly providers: ReadonlyArray<{ readonly id: string, readonly label: string }>
  /** Whether an e-mail address leads to one of them. */
  readonly takesEmail: boolean
  /** An address that was given, and leads to none. */
  readonly unknownEmail?: string | undefined
}

/** Lets people choose where they sign in. Which domains lead where stays untold: they name customers and partners. */
export function chooserPage (choice: ProviderChoice): PageContent {
  return {
    status: choice.unknownEmail === undefined ? 200 : 400,
    heading: 'Sign in',
    drawing: 'closed',
    postsOnward: true,
    body: html`<p class="lead">Choose how you want to sign in.</p>
${choice.takesEmail ? emailForm(choice) : undefined}`,
    actions: [html`<ul class="choices">${choice.providers.map(({ id, label }) => html`<li>${button(choice, id, label)}</li>`)}</ul>`]
  }
}

function button ({ action, fields }: ProviderChoice, provider: string, label: string): Html | undefined {
  const href = `${action}?${new URLSearchParams({ ...fields, provider }).toString()}`
  return isOwnPath(href) ? html`<a class="button" href="${href}">${label}</a>` : undefined
}

/** Posted: an address in a URL would be in the log of every proxy on the way. */
function emailForm ({ action, fields, unknownEmail }: ProviderChoice): Html {
  const hidden = Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)
  const isWrong = unknownEmail !== undefined
  return html`<form class="field" method="post" action="${action}">
${hidden}<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" inputmode="email" maxlength="320" required value="${unknownEmail ?? ''}" aria-describedby="email-note"${isWrong ? html` aria-invalid="true" autofocus` : undefined}>
<p id="email-note" class="${isWrong ? 'wrong' : 'quiet'}"${isWrong ? html` role="alert"` : undefined}>${isWrong ? 'No sign-in is set up for this address. Check its spelling, or choose below.' : 'It leads to the sign-in of your organization.'}</p>
<button class="button primary">Continue</button>
</form>
<p class="or"><span>or</span></p>`
}
