/** A person with a real browser in front of the journey's gateway. */
import { mkdir } from 'node:fs/promises'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { type Test } from 'tap'
import { partPath } from '../support/parts.ts'
import { startUpstream } from '../support/upstream.ts'
import { type Journey, type JourneyOptions, startJourney } from './journey.ts'

const quietly = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** Starts Chromium, once for a file of tests; it ends with the test given. Needs the part `chromium`. */
export async function startChromium (t: Test): Promise<Browser> {
  const running = await chromium.launch({ executablePath: partPath('chromium'), args: quietly })
  t.teardown(() => running.close())
  return running
}

export interface Visit extends Journey {
  readonly context: BrowserContext
  newPage (): Promise<Page>
  /** What the browser complained about, beside the statuses of the pages themselves. */
  readonly complaints: string[]
}

const configuration = {
  access: { rules: [{ path: '/admin/**', require: { roles: ['admin'] } }] },
  roles: { mapping: { 'cmdbsyncer-admins': { roles: ['admin'] }, 'cmdbsyncer-ops': { roles: ['host', 'log'] } } }
}

/** Less than a test may take, so that a page that does not come is a failure with a reason. */
const patienceMilliseconds = 10_000

/** A fresh profile, and an application that greets people by name. `/admin` needs the role admin, which alice has. */
export async function visit (t: Test, running: Browser | undefined, options: JourneyOptions = {}): Promise<Visit> {
  if (running === undefined) throw new Error('there is no browser; skip the test with missingPart()')
  const upstream = await startUpstream(t, ({ url, headers }, response) => {
    response.setHeader('content-type', 'text/html').end(`<!doctype html><title>${url}</title><link rel="icon" href="data:,"><h1>${String(headers['x-auth-user'])}</h1>`)
  })
  const journey = await startJourney(t, { upstream, configuration, ...options })
  const context = await running.newContext()
  t.teardown(() => context.close())
  context.setDefaultTimeout(patienceMilliseconds)
  const complaints: string[] = []
  return { ...journey, context, newPage: () => watchedPage(context, complaints), complaints }
}

async function watchedPage (context: BrowserContext, complaints: string[]): Promise<Page> {
  const page = await context.newPage()
  page.on('pageerror', (error) => { complaints.push(error.message) })
  page.on('console', (message) => {
    const isOfPage = message.text().startsWith('Failed to load resource: the server responded with a status of') && message.location().url === page.url()
    if (message.type() === 'error' && !isOfPage) complaints.push(`${message.text()} ${message.location().url}`)
  })
  return page
}

/** Picks a person at the provider, and waits for where that leads. */
export async function pick (page: Page, person: string): Promise<void> {
  const here = page.url()
  await page.locator(`button[value=${person}]`).click()
  await page.waitForURL((url) => url.href !== here)
}

/** Comes to an address from another site. */
export async function followForeignLink (page: Page, href: string): Promise<void> {
  const body = `<!doctype html><link rel="icon" href="data:,"><a href="${href.replaceAll('&', '&amp;')}">A prize!</a>`
  await page.route('https://elsewhere.example/', (route) => route.fulfill({ contentType: 'text/html', body }))
  await page.goto('https://elsewhere.example/')
  await page.getByRole('link', { name: 'A prize!' }).click()
}

/** Names of our cookies in the browser, whatever they are for. */
export async function ownCookies ({ context }: Visit): Promise<string[]> {
  return (await context.cookies()).map(({ name }) => name).filter((name) => name.includes('doorward')).sort()
}

const shots = process.env['SHOTS']

/** With SHOTS in the environment, that folder gets pictures of the page: a phone and a desk, by day and by night. */
export async function picture (page: Page, name: string): Promise<void> {
  if (shots === undefined) return
  await mkdir(shots, { recursive: true })
  for (const [device, width, height] of [['phone', 390, 844], ['desk', 1280, 800]] as const) {
    await page.setViewportSize({ width, height })
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: `${shots}/${name}-${device}-${colorScheme}.png`, fullPage: true })
    }
  }
}
