/** An application with `doorward serve` in front of it, a client at Keycloak, and people with a real browser. */
import { randomBytes } from 'node:crypto'
import { type BrowserContext, type Page } from 'playwright-core'
import { type Test } from 'tap'
import { eventsIn, type ServeProcess, startServe } from '../cli/serve-process.ts'
import { freePort } from '../support/gateway.ts'
import { startUpstream, type Upstream } from '../support/upstream.ts'
import { type Around } from './around.ts'
import { clientSecret, password, registerClient } from './company.ts'

export interface Reports {
  readonly gateway: ServeProcess
  readonly upstream: Upstream
  readonly context: BrowserContext
  readonly page: Page
  /** The address of a path on the public origin. */
  url (path: string): string
  /** Events of the audit trail and the log by their name, oldest first. */
  events (name: string): Record<string, unknown>[]
}

export interface ReportsOptions {
  /** Of the public URL; default: localhost, which is also Keycloak's. */
  readonly host?: '127.0.0.1'
  /** Over the sections that every test needs. */
  readonly configuration?: Readonly<Record<string, object>>
  /** Over the usual registration at Keycloak; `undefined` registers nothing. */
  readonly client?: Readonly<Record<string, unknown>> | undefined
}

const configuration = {
  admin: { listen: 'off' },
  roles: { mapping: { finance: { roles: ['reader'] }, admins: { roles: ['reader', 'admin'] } } },
  access: { rules: [{ path: '/admin/**', require: { roles: ['admin'] } }] }
}

/** Less than a test may take, so that a page that does not come is a failure with a reason. */
const patienceMilliseconds = 20_000

let count = 0

/** Starts all of it; it ends with the test. Each has a client of its own. */
export async function startReports (t: Test, { keycloak, issuer, chromium }: Around, options: ReportsOptions = {}): Promise<Reports> {
  const clientId = `reports-${++count}`
  const upstream = await startUpstream(t, ({ headers }, response) => {
    response.setHeader('content-type', 'text/html').end(`<!doctype html><title>Reports</title><link rel="icon" href="data:,"><h1>${String(headers['x-auth-user'])}</h1>`)
  })
  const port = await freePort()
  const origin = `http://${options.host ?? 'localhost'}:${port}`
  const gateway = await startServe(t, {
    server: { listen: `127.0.0.1:${port}`, publicUrl: origin },
    ...configuration,
    ...options.configuration,
    // Cookies don't tell ports apart: each application needs a name of its own for its session.
    session: { secret: randomBytes(32).toString('base64'), cookie: { name: clientId }, ...options.configuration?.['session'] },
    upstream: { url: upstream.url },
    provider: { issuer, clientId, clientSecret, ...options.configuration?.['provider'] }
  })
  if (!('client' in options) || options.client !== undefined) await registerClient(keycloak, clientId, origin, options.client)
  await gateway.logged('started')
  const context = await chromium.newContext()
  t.teardown(() => context.close())
  context.setDefaultTimeout(patienceMilliseconds)
  return {
    gateway,
    upstream,
    context,
    page: await context.newPage(),
    url: (path) => origin + path,
    events: (name) => eventsIn(gateway.stdout()).filter(({ event }) => event === name)
  }
}

/** The same person, at another computer. */
export async function elsewhere (t: Test, reports: Reports, { chromium }: Around): Promise<Reports> {
  const context = await chromium.newContext()
  t.teardown(() => context.close())
  return { ...reports, context, page: await context.newPage() }
}

/** Opens a path of the application, and answers Keycloak's form. */
export async function signIn ({ page, url }: Reports, username: string, path = '/'): Promise<void> {
  await page.goto(url(path))
  await giveCredentials(page, username)
}

/** Answers Keycloak's form, and waits for where that leads. */
export async function giveCredentials (page: Page, username: string): Promise<void> {
  await page.locator('#username').fill(username)
  await page.locator('#password').fill(password)
  const form = page.url()
  await page.locator('#kc-login').click()
  await page.waitForURL((url) => url.href !== form)
}

/** What the page says, as a person reads it. */
export async function wordsOn (page: Page): Promise<string> {
  return (await page.locator('body').innerText()).replaceAll(/\s+/g, ' ')
}
