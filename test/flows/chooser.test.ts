/** The choice of a provider in a real browser: its policies hold every redirect after a form to the page that has the form. */
import t, { test } from 'tap'
import { startGateway } from '../support/gateway.ts'
import { missingPart } from '../support/parts.ts'
import { client, startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { pick, startChromium } from './visit.ts'

const skip = missingPart('chromium')
const running = skip === false ? await startChromium(t) : undefined

test('a provider is chosen by an address from the keyboard, and by a button', { skip }, async (t) => {
  const [corp, partner] = [await startProvider(t), await startProvider(t)]
  const { origin } = await startGateway(t, {
    issuer: [{ id: 'corp', label: 'Corp', issuer: corp.issuer, emailDomains: ['example.com'] }, { id: 'partner', label: 'Partner', issuer: partner.issuer }],
    upstream: (await startUpstream(t)).url,
    async onOrigin (origin) {
      await corp.register(client(origin, { redirect_uris: [`${origin}/oidc/callback/corp`] }))
      await partner.register(client(origin, { redirect_uris: [`${origin}/oidc/callback/partner`] }))
    }
  })
  const page = await running?.newPage()
  if (page === undefined) return
  const complaints: string[] = []
  page.on('console', (message) => { complaints.push(message.text()) })

  await page.goto(`${origin}/x?y=1`)
  await page.keyboard.press('Tab')
  await page.keyboard.type('bob@nowhere.example')
  await page.keyboard.press('Enter')
  t.match(await page.getByRole('alert').textContent(), /^No sign-in is set up for this address/)
  t.equal(await page.evaluate('document.activeElement.id'), 'email', 'the address can be put right at once')

  await page.getByLabel('E-mail address').fill('bob@example.com')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(`${corp.issuer}/**`)
  await pick(page, 'bob')
  await page.waitForURL(`${origin}/x?y=1`)

  await page.goto(`${origin}/oidc/login?switch_account=true&return_to=/z`)
  await page.getByRole('link', { name: 'Partner' }).click()
  await pick(page, 'alice')
  await page.waitForURL(`${origin}/z`)
  t.strictSame(complaints.filter((text) => !text.includes('status of 400')), [], 'no policy stood in the way')
})
