/** The cookies of a browser, by RFC 6265bis section 5: what it stores, and what it sends back. */
export interface StoredCookie {
  readonly name: string
  readonly value: string
  readonly domain: string
  /** Without a Domain attribute: for this very host alone. */
  readonly hostOnly: boolean
  readonly path: string
  readonly secure: boolean
  readonly httpOnly: boolean
  readonly sameSite: string | undefined
  /** Milliseconds since the epoch; `undefined` for the life of the browser. */
  readonly expires: number | undefined
}

/** Browsers drop what is larger without a word (section 5.6, step 5). */
const largestCookieOctets = 4096

export class CookieJar {
  readonly #cookies = new Map<string, StoredCookie>()
  readonly #now: () => number

  /** `now` in milliseconds since the epoch. */
  constructor (now: () => number = Date.now) {
    this.#now = now
  }

  /** Takes in one Set-Cookie header of an answer from `url`. */
  store (url: URL, header: string): void {
    const cookie = parseSetCookie(url, header, this.#now())
    if (cookie === undefined) return
    const key = [cookie.name, cookie.domain, cookie.path, cookie.hostOnly].join('\n')
    this.#cookies.delete(key)
    if (!this.#isOver(cookie)) this.#cookies.set(key, cookie)
  }

  /** Those that a request to `url` carries; longer paths first. Cookies do not know ports (section 8.5). */
  for (url: URL): StoredCookie[] {
    return [...this.#cookies.values()]
      .filter((cookie) => !this.#isOver(cookie) && hostMatches(url.hostname, cookie) && pathMatches(url.pathname, cookie.path) && (!cookie.secure || url.protocol === 'https:'))
      .sort((one, other) => other.path.length - one.path.length)
  }

  /** Value of the Cookie header for `url`, or `undefined` when there is nothing to send. A form of another site brings `SameSite=None` alone. */
  header (url: URL, isPostedByOthers = false): string | undefined {
    const pairs = this.for(url).filter(({ sameSite }) => !isPostedByOthers || sameSite?.toLowerCase() === 'none').map(({ name, value }) => `${name}=${value}`)
    return pairs.length === 0 ? undefined : pairs.join('; ')
  }

  clear (): void {
    this.#cookies.clear()
  }

  #isOver ({ expires }: StoredCookie): boolean {
    return expires !== undefined && expires <= this.#now()
  }
}

/** The cookie, or `undefined` when a browser would refuse it. */
function parseSetCookie (url: URL, header: string, now: number): StoredCookie | undefined {
  const [pair = '', ...rest] = header.split(';')
  if (!pair.includes('=')) return undefined
  const [name, value] = splitAt(pair, '=')
  const attributes = new Map(rest.map((attribute) => splitAt(attribute, '=')).map(([key, text]) => [key.toLowerCase(), text]))
  const domain = (attributes.get('domain') ?? '').replace(/^\./, '').toLowerCase()
  const path = attributes.get('path')
  const cookie = {
    name,
    value,
    domain: domain === '' ? url.hostname : domain,
    hostOnly: domain === '',
    path: path?.startsWith('/') === true ? path : defaultPath(url),
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: attributes.get('samesite'),
    expires: expiryOf(attributes, now)
  }
  return isRefused(url, cookie, attributes) ? undefined : cookie
}

function isRefused (url: URL, cookie: StoredCookie, attributes: ReadonlyMap<string, string>): boolean {
  if (cookie.name === '' || Buffer.byteLength(cookie.name + cookie.value) > largestCookieOctets) return true
  if (!cookie.hostOnly && !hostMatches(url.hostname, cookie)) return true
  if (cookie.secure && url.protocol !== 'https:') return true
  if (cookie.sameSite?.toLowerCase() === 'none' && !cookie.secure) return true
  if (/^__Secure-/i.test(cookie.name)) return !cookie.secure
  return /^__Host-/i.test(cookie.name) && !(cookie.secure && cookie.hostOnly && attributes.get('path') === '/')
}

/** Max-Age wins over Expires (section 5.7, step 3). */
function expiryOf (attributes: ReadonlyMap<string, string>, now: number): number | undefined {
  const maxAge = attributes.get('max-age')
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return now + Number(maxAge) * 1000
  const expires = Date.parse(attributes.get('expires') ?? '')
  return Number.isNaN(expires) ? undefined : expires
}

function hostMatches (host: string, { domain, hostOnly }: StoredCookie): boolean {
  return host === domain || (!hostOnly && host.endsWith(`.${domain}`))
}

function pathMatches (path: string, cookiePath: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`)
}

function defaultPath ({ pathname }: URL): string {
  return pathname.slice(0, Math.max(1, pathname.lastIndexOf('/')))
}

function splitAt (text: string, separator: string): [string, string] {
  const index = text.indexOf(separator)
  if (index === -1) return [text.trim(), '']
  return [text.slice(0, index).trim(), text.slice(index + 1).trim()]
}
