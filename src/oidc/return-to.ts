/**
 * Where people may be sent back to: a path on the public origin, or `undefined`.
 *
 * A browser takes `\` for `/`, drops tabs and line breaks, and reads `//host` as another site; proxies and frameworks
 * decode once more than one thinks (CVE-2020-5233, CVE-2020-11053, CVE-2021-32786, CVE-2022-23527). So the path is
 * looked at as written and after each of three decodings, each time also as a browser would resolve it.
 */
export function returnToPath (given: string, publicOrigin: string): string | undefined {
  const text = given.toWellFormed().replace(/\P{ASCII}+/gu, encodeURIComponent)
  if (!/^\/[\x21-\x5B\x5D-\x7E]*$/.test(text.split('?', 1)[0] ?? '') || !/^[\x21-\x7E]+$/.test(text)) return undefined
  const [path = ''] = text.split(/[?#]/, 1)
  const staysHere = decodings(path).every((reading) => staysBelowOneSlash(reading) && resolvesTo(publicOrigin, reading))
  return staysHere ? text : undefined
}

/** The same of a page that is named by its whole address, as a third party names it (OpenID Connect Core section 4). */
export function targetLinkPath (given: string, publicOrigin: string): string | undefined {
  const url = URL.parse(given)
  return url?.origin === publicOrigin ? returnToPath(url.pathname + url.search + url.hash, publicOrigin) : undefined
}

const maxLength = 1500

/** Cut to what the `state` can carry through the provider: without the query, or the start page as a last resort. */
export function boundedReturnTo (returnTo: string): string {
  const [path = '/'] = returnTo.split(/[?#]/, 1)
  return [returnTo, path].find((text) => text.length <= maxLength) ?? '/'
}

const decodingDepth = 3

function decodings (path: string): string[] {
  const readings = [path]
  for (let depth = 0; depth < decodingDepth; depth++) readings.push(decodeAscii(readings.at(-1) ?? ''))
  return readings
}

/** Bytes beyond ASCII are left alone: they can't change where a path leads, and need not be valid UTF-8. */
function decodeAscii (text: string): string {
  return text.replace(/%([0-7][0-9A-Fa-f])/g, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)))
}

/** One slash, then something that is neither a slash nor white space that a lenient reader would skip to find one. */
function staysBelowOneSlash (path: string): boolean {
  // eslint-disable-next-line no-control-regex -- controls are what is looked for
  return !/[\x00-\x1F\x7F\\]/.test(path) && !/^\/[\s./]*\//.test(path)
}

/** Dot segments may uncover two slashes at the beginning, which the next reader takes for the name of a host. */
function resolvesTo (publicOrigin: string, path: string): boolean {
  const url = URL.parse(path, publicOrigin)
  return url !== null && url.origin === publicOrigin && !url.pathname.startsWith('//')
}
