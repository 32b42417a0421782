import { type IncomingHttpHeaders } from 'node:http'

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
