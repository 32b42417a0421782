/** What every journey begins with: a provider, an application, Doorward between them, and a browser in front. */
import { type ClientMetadata } from 'oidc-provider'
import { type Test } from 'tap'
import { type Answer, Browser } from '../support/browser.ts'
import { fillForm } from '../support/forms.ts'
import { type Tracing } from '../../src/observability/index.ts'
import { type GatewayOptions, startGateway, type TestGateway } from '../support/gateway.ts'
import { client, startProvider, type TestProvider } from '../support/provider.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'

export interface Journey {
  readonly provider: TestProvider
  readonly upstream: Upstream
  readonly gateway: TestGateway
  readonly browser: Browser
  /** The address of a path on the public origin. */
  url (path: string): string
}

export interface JourneyOptions {
  readonly configuration?: Exclude<GatewayOptions['configuration'], undefined>
  /** Default: one of the journey's own. One that is given knows the newest journey's client alone. */
  readonly provider?: TestProvider
  readonly upstream?: Upstream
  /** How the client is registered, over the usual registration. */
  readonly client?: Partial<ClientMetadata>
  /** Default: http://localhost and the port. */
  readonly publicUrl?: string
  /** In place of the provider's issuer. */
  readonly issuer?: string
  readonly tracing?: Tracing
  /** Doorward's clock, in milliseconds since the epoch. */
  readonly now?: () => number
}

/** Starts what is not given; all of it ends with the test. */
export async function startJourney (t: Test, options: JourneyOptions = {}): Promise<Journey> {
  const provider = options.provider ?? await startProvider(t)
  // Several journeys may share a provider: each sees its own requests alone.
  provider.requests.length = 0
  const upstream = options.upstream ?? await startUpstream(t)
  const gateway = await startGateway(t, {
    issuer: options.issuer ?? provider.issuer,
    upstream: upstream.url,
    configuration: options.configuration ?? {},
    onOrigin: (origin) => provider.register(client(origin, options.client)),
    ...(options.publicUrl !== undefined && { publicUrl: options.publicUrl }),
    ...(options.tracing !== undefined && { tracing: options.tracing }),
    ...(options.now !== undefined && { now: options.now })
  })
  const balancer = { [gateway.origin]: gateway.port }
  return { provider, upstream, gateway, browser: new Browser({ balancer }), url: (path) => gateway.origin + path }
}

/** A second person at a computer of their own, who reaches the same gateway. */
export function anotherBrowser ({ gateway }: Journey): Browser {
  return new Browser({ balancer: { [gateway.origin]: gateway.port } })
}

/**
 * Goes from a page of the application as far as the provider's redirect back, and returns where that leads: the browser
 * has not been there yet. Picks the person where the provider asks.
 */
export async function wayBack (browser: Browser, url: URL | string, person: string): Promise<URL> {
  let answer: Answer = await browser.get(url)
  for (;;) {
    const { location } = answer
    if (location?.pathname === '/oidc/callback') return location
    answer = location === undefined ? await pick(browser, answer, person) : await browser.get(location)
  }
}

async function pick (browser: Browser, question: Answer, person: string): Promise<Answer> {
  const { method, action, fields } = fillForm(question.text, { person })
  return await browser.get(new URL(action, question.url), { method, body: fields, from: question.url })
}

/** Where a link of the page leads, by its words. Throws when there is none. */
export function linkOf (page: Answer, words: string): URL {
  const [, href] = [...page.text.matchAll(/<a [^>]*href="([^"]*)"[^>]*>([^<]*)</g)].find(([, , text]) => text === words) ?? []
  if (href === undefined) throw new Error(`the page has no link ${JSON.stringify(words)}:\n${page.text}`)
  return new URL(href.replaceAll('&amp;', '&'), page.url)
}

/** Makes the browser drop cookies whose Set-Cookie line matches, until the function returned is called. */
export function refuseCookies ({ jar }: Browser, pattern: RegExp): () => void {
  const store = jar.store.bind(jar)
  jar.store = (url, line) => { if (!pattern.test(line)) store(url, line) }
  return () => { jar.store = store }
}

/** The requests that the provider answered at an endpoint, such as `/token`. */
export function calls ({ provider }: Journey, path: string): TestProvider['requests'] {
  return provider.requests.filter((request) => request.path === path)
}

/** Outcome and reason of each sign-in in the audit trail, such as `failure: state_invalid`. */
export function logins ({ gateway }: Journey): string[] {
  return gateway.audit.filter(({ event }) => event === 'login').map(({ outcome, reason }) => reason === undefined ? String(outcome) : `${String(outcome)}: ${String(reason)}`)
}

/** A clock that stands still until it is moved; starts at the real time, which the provider lives by. */
export function stoppedClock (): { now: number } {
  return { now: Date.now() }
}

export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
