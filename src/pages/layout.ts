import { createHash } from 'node:crypto'
import { drawings, wordmark, type Drawing } from './drawings.ts'
import { html, type Html } from './html.ts'
import { style } from './style.ts'

/** What one page says, without the frame that all of them share. */
export interface PageContent {
  readonly status: number
  readonly heading: string
  readonly drawing: Drawing
  /** Everything between the heading and the buttons. */
  readonly body: Html
  /** Buttons and forms, the most useful first. */
  readonly actions: readonly Html[]
  /** It holds tables. */
  readonly isWide?: true
  /** It holds a form whose answer may send the browser on to other sites. */
  readonly postsOnward?: true
  /** Where the page goes on to by itself, at once: a path of this origin. */
  readonly goesOnTo?: string
  /** Takes it on in place of the browser. */
  readonly script?: Html
}

/** A complete answer, for whoever writes it to the wire; header names are in lower case. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Puts a page into the frame. The request id is printed, so that what a person reports is found in the log. */
export type Layout = (page: PageContent, requestId: string) => Answer

/** Sent with everything Doorward answers itself (RFC 9111 section 5.2.2.5, RFC 9700 sections 4.2.4 and 4.16). */
export const answerHeaders = {
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY'
} as const

/** Prepares the frame of the pages: the hash of the style sheet is computed here, once. */
export function createLayout (): Layout {
  const styleHash = hashOf(style)
  const headers = { ...answerHeaders, 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(styleHash, "'self'") }
  // Chromium holds every redirect after a form to form-action, and a provider's logout may lead over several hosts.
  // Under no-referrer a form is posted with `Origin: null`, which looks like another site.
  const onwardHeaders = { ...headers, 'content-security-policy': policy(styleHash, 'http: https:'), 'referrer-policy': 'same-origin' }
  const headersOf = ({ postsOnward, script }: PageContent): Answer['headers'] => {
    if (script !== undefined) return { ...headers, 'content-security-policy': `${policy(styleHash, "'self'")}; script-src 'sha256-${hashOf(script)}'` }
    return postsOnward ? onwardHeaders : headers
  }
  return (page, requestId) => ({
    status: page.status,
    headers: headersOf(page),
    body: document(page, requestId).toString()
  })
}

function hashOf (text: Html): string {
  return createHash('sha256').update(text.toString()).digest('base64')
}

function policy (styleHash: string, formAction: string): string {
  return `default-src 'none'; style-src 'sha256-${styleHash}'; form-action ${formAction}; base-uri 'none'; frame-ancestors 'none'`
}

function document (page: PageContent, requestId: string): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${page.heading}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
${page.goesOnTo && goingOn(page.goesOnTo, page.script)}
<style>${style}</style>
</head>
<body${page.isWide && html` class="wide"`}>
<main>
${drawings[page.drawing]}
<h1>${page.heading}</h1>
${page.body}
<div class="actions">${page.actions}</div>
<p class="reference">Reference <code>${requestId}</code></p>
</main>
<footer>${wordmark}</footer>${page.script && html`<script>${page.script}</script>`}
</body>
</html>
`
}

/** Where there is a script, the browser goes on by itself only if it runs none. */
function goingOn (href: string, script: Html | undefined): Html {
  const refresh = html`<meta http-equiv="refresh" content="0;url=${href}">`
  return script === undefined ? refresh : html`<noscript>${refresh}</noscript>`
}
