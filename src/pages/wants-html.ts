/** The request headers that tell a navigation from a script; those of `node:http` fit. */
interface FetchHints {
  readonly 'sec-fetch-mode'?: string | string[] | undefined
  readonly 'sec-fetch-dest'?: string | string[] | undefined
  readonly 'x-requested-with'?: string | string[] | undefined
  readonly accept?: string | undefined
}

/**
 * Navigations of a frame count as well: older applications are made of frames, and a sign-in that needs no typing
 * passes through one unseen. `object` and `embed` navigate too, but what they want is a picture or a document.
 */
const readDestinations: ReadonlySet<unknown> = new Set([undefined, 'document', 'iframe', 'frame'])

/**
 * Whether a person will read the answer: a navigation as fetch metadata tells it, or else an `Accept` with
 * `text/html`, since browsers send no fetch metadata over plain http, and older ones never.
 */
export function wantsHtml (headers: FetchHints): boolean {
  const mode = headers['sec-fetch-mode']
  if (mode !== undefined) return mode === 'navigate' && readDestinations.has(headers['sec-fetch-dest'])
  if (headers['x-requested-with'] !== undefined) return false
  return (headers.accept ?? '').split(',').some(isHtml)
}

/** An entry of Accept, such as `text/html;q=0.9`; a weight of zero means "not this" (RFC 9110 section 12.4.2). */
function isHtml (entry: string): boolean {
  const [type = '', ...parameters] = entry.toLowerCase().split(';').map((part) => part.trim())
  return type === 'text/html' && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
}
