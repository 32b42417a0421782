/**
 * A browser without a window: keeps cookies as browsers do, says what kind of request it makes, follows redirects, and
 * submits forms. Every host name leads to 127.0.0.1, so a test may use any name and never leaves the machine.
 */
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { CookieJar } from './cookie-jar.ts'
import { fillForm } from './forms.ts'
import { sawCookie, sawHeaders, sawParameters } from './secrets-seen.ts'

export interface Answer {
  readonly url: URL
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** Name, value, name, value …, in the order and spelling in which they came. */
  readonly rawHeaders: readonly string[]
  /** Each Set-Cookie header as it came. */
  readonly setCookies: readonly string[]
  /** As it came: nothing is decompressed. */
  readonly body: Buffer
  readonly text: string
  /** Where a redirect leads; `undefined` without a Location. */
  readonly location: URL | undefined
  json (): unknown
}

/** Where a navigation ended. */
export interface Page extends Answer {
  /** Every answer on the way, this one last. */
  readonly chain: readonly Answer[]
}

export interface RequestSettings {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | string[]>>
  readonly body?: string | Buffer | URLSearchParams
  /** Ask as a script would (`fetch`), not as a person who follows a link. */
  readonly program?: boolean
  /** The page whose link, form or script causes the request. Without one, a person typed the address. */
  readonly from?: URL | string
}

export interface BrowserSettings {
  /**
   * Origins whose TLS a load balancer would end → port of loopback that speaks plain HTTP, such as
   * `{ 'https://app.example.com': 41800 }`. Cookies and redirects see the origin alone.
   */
  readonly balancer?: Readonly<Record<string, number>>
  /** Certificate authorities to trust in https, as PEM. */
  readonly ca?: string
  /** Milliseconds since the epoch, for the expiry of cookies. */
  readonly now?: () => number
}

const mostRedirects = 20
const timeoutMilliseconds = 20_000
/** As Chromium; Node's own limit is 16 KiB. */
const mostHeaderBytes = 256 * 1024

export class Browser {
  readonly jar: CookieJar
  readonly #settings: BrowserSettings

  constructor (settings: BrowserSettings = {}) {
    this.#settings = settings
    this.jar = new CookieJar(settings.now)
  }

  /** One request and its answer; redirects are not followed. */
  async get (url: URL | string, settings: RequestSettings = {}): Promise<Answer> {
    return await this.#send(new URL(url), settings, [])
  }

  /** Opens an address as a person would, redirects included. Rejects after 20 of them. */
  async open (url: URL | string, settings: RequestSettings = {}): Promise<Page> {
    const chain = [await this.#send(new URL(url), settings, [])]
    let next = settings
    for (let last = chain[0]; last?.location !== undefined; last = chain.at(-1)) {
      if (chain.length > mostRedirects) throw new Error(`more than ${mostRedirects} redirects:\n${chain.map((answer) => `${answer.status} ${answer.url.href}`).join('\n')}`)
      next = afterRedirect(last.status, next)
      chain.push(await this.#send(last.location, next, chain.map((answer) => answer.url)))
    }
    return pageOf(chain)
  }

  /**
   * Submits the form of a page that has these controls, such as `{ person: 'alice' }`; without any, the page's first form.
   * Then goes wherever that leads.
   */
  async submit (page: Answer, wanted: Readonly<Record<string, string>> = {}): Promise<Page> {
    const { method, action, fields } = fillForm(page.text, wanted)
    const target = new URL(action === '' ? page.url : action, page.url)
    if (method === 'POST') return await this.open(target, { method, body: fields, from: page.url })
    target.search = fields.toString()
    return await this.open(target, { from: page.url })
  }

  /** Opens an address, picks a person at the provider, and ends where the sign-in leads. `chain` is the whole way. */
  async signIn (url: URL | string, person: string): Promise<Page> {
    const question = await this.open(url)
    let page = await this.submit(question, { person })
    const chain = [...question.chain, ...page.chain]
    // The provider ends an earlier person's session with a form that a script submits.
    while (page.text.includes('document.forms[0].submit()')) {
      page = await this.submit(page)
      chain.push(...page.chain)
    }
    return pageOf(chain)
  }

  async #send (url: URL, settings: RequestSettings, before: readonly URL[]): Promise<Answer> {
    const options = this.#requestOptions(url, settings, before)
    const request = options.protocol === 'https:' ? httpsRequest({ ...options, servername: url.hostname, ca: this.#settings.ca }) : httpRequest(options)
    request.setTimeout(timeoutMilliseconds, () => { request.destroy(new Error(`${url.href} did not answer in time`)) })
    request.end(bytesOf(settings.body))
    const [response] = await once(request, 'response') as [IncomingMessage]
    const answer = answerOf(url, response, await buffer(response))
    for (const header of answer.setCookies) this.jar.store(url, header)
    recordSecrets(settings, answer)
    return answer
  }

  #requestOptions (url: URL, settings: RequestSettings, before: readonly URL[]): RequestOptions {
    const { method = 'GET', body, headers = {} } = settings
    const site = fetchSite(settings.from, [...before, url])
    const cookie = this.jar.header(url, site === 'cross-site' && method === 'POST')
    const plainPort = this.#settings.balancer?.[url.origin]
    return {
      // A connection a request: one that an idle server has just closed must not fail a test.
      agent: false,
      maxHeaderSize: mostHeaderBytes,
      protocol: plainPort === undefined ? url.protocol : 'http:',
      host: '127.0.0.1',
      port: plainPort ?? (url.port || undefined),
      method,
      path: url.pathname + url.search,
      headers: {
        host: url.host,
        ...(settings.program === true ? programHeaders : navigationHeaders),
        'sec-fetch-site': site,
        ...(body instanceof URLSearchParams ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        ...(body === undefined ? {} : { 'content-length': bytesOf(body).length }),
        ...(cookie === undefined ? {} : { cookie }),
        ...headers
      }
    }
  }
}

function recordSecrets ({ headers, body }: RequestSettings, { url, location, setCookies }: Answer): void {
  sawParameters(url.searchParams)
  if (location !== undefined) sawParameters(location.searchParams)
  if (body instanceof URLSearchParams) sawParameters(body)
  sawHeaders({ ...headers })
  for (const line of setCookies) sawCookie(line)
}

const navigationHeaders = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', 'sec-fetch-user': '?1', 'upgrade-insecure-requests': '1' }
const programHeaders = { accept: 'application/json', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }

function bytesOf (body: RequestSettings['body'] = ''): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.toString())
}

/** The most foreign relation between the initiator and any address on the way (Fetch Metadata, section 2.4). */
function fetchSite (from: URL | string | undefined, way: readonly URL[]): string {
  if (from === undefined) return 'none'
  const initiator = new URL(from)
  if (way.every((url) => url.origin === initiator.origin)) return 'same-origin'
  return way.every((url) => siteOf(url) === siteOf(initiator)) ? 'same-site' : 'cross-site'
}

/** Good enough for the names in tests: the last two labels are the registrable domain. */
function siteOf ({ protocol, hostname }: URL): string {
  return /^[\d.]+$/.test(hostname) ? `${protocol}${hostname}` : `${protocol}${hostname.split('.').slice(-2).join('.')}`
}

/** 307 and 308 repeat the request; the others turn a POST into a GET, as browsers do (Fetch, section 4.4). */
function afterRedirect (status: number, settings: RequestSettings): RequestSettings {
  if (status === 307 || status === 308) return settings
  const { method: _method, body: _body, ...rest } = settings
  return rest
}

function answerOf (url: URL, response: IncomingMessage, body: Buffer): Answer {
  const { statusCode: status = 0, headers, rawHeaders } = response
  const isRedirect = status >= 300 && status < 400 && headers.location !== undefined
  return {
    url,
    status,
    headers,
    rawHeaders,
    setCookies: headers['set-cookie'] ?? [],
    body,
    text: body.toString(),
    location: isRedirect ? new URL(headers.location ?? '', url) : undefined,
    json: () => JSON.parse(body.toString())
  }
}

function pageOf (chain: readonly Answer[]): Page {
  const last = chain.at(-1)
  if (last === undefined) throw new Error('a navigation has at least one answer')
  return { ...last, chain }
}
