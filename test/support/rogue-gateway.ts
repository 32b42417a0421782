/** A gateway between a provider that a test can make misbehave and an application that says what it received. */
import { type Test } from 'tap'
import { Browser } from './browser.ts'
import { type GatewayOptions, startGateway, type TestGateway } from './gateway.ts'
import { clientSecret } from './provider.ts'
import { type RogueOptions, type RogueProvider, startRogueProvider } from './rogue-provider.ts'
import { startUpstream, type Upstream, type UpstreamHandler } from './upstream.ts'

export interface RogueGatewayOptions extends Partial<Omit<GatewayOptions, 'upstream'>> {
  readonly rogue?: RogueOptions
  /** The application: what it does, or the URL of one that runs already. Default: it echoes. */
  readonly upstream?: UpstreamHandler | string
}

export interface RogueGateway {
  readonly rogue: RogueProvider
  readonly gateway: TestGateway
  /** Empty record where the application was given by its URL. */
  readonly upstream: Upstream
  readonly browser: Browser
}

/** Starts all three; they end with the test. */
export async function startRogueGateway (t: Test, { rogue: hooks, upstream: application, ...options }: RogueGatewayOptions = {}): Promise<RogueGateway> {
  const rogue = await startRogueProvider(t, { clientSecret, ...hooks })
  const upstream = await startUpstream(t, typeof application === 'string' ? undefined : application)
  const gateway = await startGateway(t, { issuer: rogue.issuer, ...options, upstream: typeof application === 'string' ? application : upstream.url })
  return { rogue, gateway, upstream, browser: new Browser() }
}

/**
 * Signs the provider's only person in and returns the Cookie header of the session. The application sees nothing of it.
 * The browser given, if any, is the one that is signed in.
 */
export async function signedInCookie ({ origin }: TestGateway, browser = new Browser()): Promise<string> {
  const page = await browser.open(`${origin}/oidc/login?return_to=/oidc/session`)
  const cookie = browser.jar.header(new URL(origin))?.split('; ').filter((pair) => !pair.startsWith('doorward-rounds=')).join('; ')
  if (page.status !== 200 || cookie === undefined) throw new Error(`the sign-in ended with ${page.status} ${/<h1>.*/.exec(page.text)?.[0] ?? ''}`)
  return cookie
}
