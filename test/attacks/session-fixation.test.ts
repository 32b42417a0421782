/** Somebody plants a session in another's browser and waits for a sign-in into it (mod_auth_openidc 2026-08-07, CVE-2023-29019, CVE-2024-35220). */
import t from 'tap'
import { Browser } from '../support/browser.ts'
import { signedInCookie, startRogueGateway } from '../support/rogue-gateway.ts'

t.test('a sign-in never continues the session that the browser presents', async (t) => {
  const { gateway } = await startRogueGateway(t)
  const planted = await signedInCookie(gateway)
  const victim = new Browser()
  victim.jar.store(new URL(gateway.origin), `${planted}; Path=/`)
  const fresh = await signedInCookie(gateway, victim)
  t.not(fresh, planted)
  const ids = gateway.audit.filter(({ event }) => event === 'login').map(({ session }) => session)
  t.equal(new Set(ids).size, 2)

  const attacker = await new Browser().get(`${gateway.origin}/oidc/session`, { headers: { cookie: planted }, program: true })
  t.equal(attacker.status, 401, 'the planted session is over')
  t.equal((await victim.get(`${gateway.origin}/oidc/session`)).status, 200)
})

t.test('a made-up session id is neither believed nor kept', async (t) => {
  const { gateway } = await startRogueGateway(t)
  for (const made of ['doorward=chosen-by-the-attacker', 'doorward.0=chosen; doorward.1=by-the-attacker', 'doorward=AAAA.BBBB']) {
    const answer = await new Browser().get(`${gateway.origin}/oidc/session`, { headers: { cookie: made }, program: true })
    t.equal(answer.status, 401, made)
    const victim = new Browser()
    for (const cookie of made.split('; ')) victim.jar.store(new URL(gateway.origin), `${cookie}; Path=/`)
    const fresh = await signedInCookie(gateway, victim)
    t.match(fresh, /^doorward=[\w.-]{100,}$/, 'one session cookie, and nothing of the one presented')
  }
})

t.test('a cookie planted beside the real one makes both worthless, and a sign-in cleans up', async (t) => {
  const { gateway } = await startRogueGateway(t)
  const attacker = await signedInCookie(gateway)
  const victim = new Browser()
  const own = await signedInCookie(gateway, victim)
  for (const cookie of [`${attacker}; ${own}`, `${own}; ${attacker}`, `${own}; ${own}`, `doorward=; ${own}`]) {
    const answer = await new Browser().get(`${gateway.origin}/oidc/session`, { headers: { cookie }, program: true })
    t.equal(answer.status, 401, 'neither is believed')
  }
  victim.jar.store(new URL(gateway.origin), 'doorward.1=left-behind; Path=/')
  t.match(await signedInCookie(gateway, victim), /^doorward=[\w.-]+$/)
})

t.test('asking to sign in as somebody else ends the session at once', async (t) => {
  const { gateway, rogue } = await startRogueGateway(t)
  const browser = new Browser()
  const earlier = await signedInCookie(gateway, browser)
  const answer = await browser.get(`${gateway.origin}/oidc/login?switch_account=true`, { from: gateway.origin })
  t.equal(answer.location?.origin, rogue.issuer)
  const later = await new Browser().get(`${gateway.origin}/oidc/session`, { headers: { cookie: earlier }, program: true })
  t.equal(later.status, 401, 'whoever takes over the computer does not go on as the person before (CVE-2026-34454)')
})
