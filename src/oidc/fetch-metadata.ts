import type { IncomingHttpHeaders } from 'node:http'

/**
 * Whether another site caused the request: by Fetch Metadata, else by Origin or Referer. A request that names no cause
 * at all was typed, bookmarked or made by a program.
 */
export function isFromAnotherSite (headers: IncomingHttpHeaders, publicOrigin: string): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const cause = headers.origin ?? headers.referer
  return cause !== undefined && URL.parse(cause)?.origin !== publicOrigin
}

/** A script or an image can't sign anybody in: it would only leave a login cookie behind each time. */
export function isNavigation (headers: IncomingHttpHeaders): boolean {
  const { 'sec-fetch-mode': mode = 'navigate', 'sec-fetch-dest': destination = 'document', 'sec-fetch-site': site } = headers
  // A hidden frame of another site would begin, and end, sign-ins behind the person's back.
  return mode === 'navigate' && (destination === 'document' || site !== 'cross-site')
}
