/**
 * What `docker compose up` starts, without containers: Keycloak imports the realm of the demo, Redis and the old application
 * run, and Doorward serves with the demo's configuration. Only ports and the path of a secret are others.
 */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Page } from 'playwright-core'
import t, { type Test, test } from 'tap'
import { parse } from 'yaml'
import { eventsIn, runMain } from '../cli/serve-process.ts'
import { startChromium } from '../flows/visit.ts'
import { freePort } from '../support/gateway.ts'
import { missingPart, partPath } from '../support/parts.ts'
import { startRedis } from '../support/redis.ts'
import { missingAround } from './around.ts'
import { startKeycloak } from './keycloak.ts'
import { wordsOn } from './reports.ts'

const project = new URL('../../', import.meta.url)
const skip = missingAround() || missingPart('python3') || missingPart('redis-server')
const demo = skip === false ? await startDemo(t) : undefined as never
const patienceMilliseconds = 20_000

interface Compose {
  readonly services: { readonly keycloak: { readonly environment: Readonly<Record<string, string>> } }
}

/** Starts all of it; it ends with the test. */
async function startDemo (t: Test) {
  const redis = await startRedis(t)
  const ports: Readonly<Record<string, number>> = { 4180: await freePort(), 4182: await freePort(), 6379: redis.port, 8080: await freePort() }
  const textOf = (path: string): string => readFileSync(new URL(path, project), 'utf8').replaceAll(/\b(4180|4182|6379|8080)\b/g, (port) => String(ports[port]))

  startApplication(t, Number(ports['8080']))
  const { environment } = (parse(textOf('compose.yaml')) as Compose).services.keycloak
  const keycloak = await startKeycloak(t, { realm: textOf('demo/compose/realm.json'), port: Number(environment['KC_HTTP_PORT']), environment })

  const secretFile = `${t.testdirName}/session`
  const folder = t.testdir({
    session: randomBytes(32).toString('base64'),
    'doorward.yaml': textOf('demo/compose/doorward.yaml').replace('/run/secrets/doorward/session', secretFile)
  })
  const doorward = runMain(t, ['serve'], { cwd: folder, env: { DOORWARD_SERVER_LISTEN: `127.0.0.1:${ports['4180']}`, DOORWARD_ADMIN_LISTEN: 'off' } })
  const logged = async (event: string): Promise<void> => {
    while (!doorward.stdout().includes(`"event":"${event}"`)) {
      const [part] = await Promise.race([once(doorward.child, 'exit').then(() => []), once(doorward.child.stdout ?? doorward.child, 'data')]) as unknown[]
      if (part === undefined) throw new Error(`it ended without ${event}:\n${doorward.stderr()}`)
    }
  }
  await logged('started')
  return { keycloak, chromium: await startChromium(t), origin: `http://localhost:${ports['4180']}`, logged, events: () => eventsIn(doorward.stdout()) }
}

function startApplication (t: Test, port: number): void {
  const child = spawn(partPath('python3'), ['-u', fileURLToPath(new URL('demo/compose/application.py', project))], { env: { PORT: String(port) }, stdio: ['ignore', 'ignore', 'ignore'] })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
}

/** Opens a path of the application in a fresh browser, and answers Keycloak's form. */
async function openAs (t: Test, username: string, path: string): Promise<Page> {
  const context = await demo.chromium.newContext()
  t.teardown(() => context.close())
  context.setDefaultTimeout(patienceMilliseconds)
  const page = await context.newPage()
  await page.goto(demo.origin + path)
  t.match(await page.title(), 'Doorward demo', 'the page is that of the realm')
  await page.locator('#username').fill(username)
  await page.locator('#password').fill('demo-only')
  await page.locator('#kc-login').click()
  await page.waitForURL(demo.origin + path)
  return page
}

test('alice opens what is for administrators, by the role of her group, signs out, and is asked again', { skip }, async (t) => {
  const page = await openAs(t, 'alice', '/admin')
  t.match(await wordsOn(page), /Hello, alice .* HTTP_OIDC_CLAIM_GROUPS admins,finance .* HTTP_X_REMOTE_ROLES admin,reader /)
  await page.getByRole('link', { name: 'sign out' }).click()
  await page.waitForURL(`${demo.origin}/oidc/signed-out*`)
  await page.goto(`${demo.origin}/admin`)
  t.ok(await page.locator('#password').isVisible())
})

test('bob opens the reports and not what is for administrators; carol opens nothing but what is public', { skip }, async (t) => {
  const bob = await openAs(t, 'bob', '/reports')
  t.match(await wordsOn(bob), 'Hello, bob')
  await bob.getByRole('link', { name: 'admin' }).click()
  t.match(await wordsOn(bob), /needs the role admin/)
  const carol = await openAs(t, 'carol', '/reports')
  t.match(await wordsOn(carol), /needs the role reader/)
  await carol.goto(`${demo.origin}/public/`)
  t.match(await wordsOn(carol), 'Hello')
})

test('whom the administrator of Keycloak signs out is signed out at the application', { skip }, async (t) => {
  const page = await openAs(t, 'bob', '/reports')
  const [{ id } = { id: '' }] = await demo.keycloak.admin('GET', '/demo/users?exact=true&username=bob') as Array<{ id: string }>
  await demo.keycloak.admin('POST', `/demo/users/${id}/logout`)
  await demo.logged('session.revoked')
  await page.goto(`${demo.origin}/reports`)
  t.ok(await page.locator('#password').isVisible())
  t.match(demo.events().filter(({ event }) => event === 'session.revoked'), [{ reason: 'backchannel' }])
})
