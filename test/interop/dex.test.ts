/** dex as it is, a real browser, and `doorward serve` between them. The go command can't install it: docs/interop.md. */
import t, { test } from 'tap'
import { stringify } from 'yaml'
import { startServe } from '../cli/serve-process.ts'
import { startChromium } from '../flows/visit.ts'
import { startDaemon } from '../support/daemon.ts'
import { freePort } from '../support/gateway.ts'
import { isInstalled, missingPart } from '../support/parts.ts'
import { startUpstream } from '../support/upstream.ts'

// Not a missing part: where every part is asked for, this one still can't be had.
const skip = missingPart('chromium') || (!isInstalled('dex') && 'no package of Debian and no version that `go install` builds brings dex')
const chromium = skip === false ? await startChromium(t) : undefined
const clientSecret = 'only-for-tests'

test('people sign in at dex, and the application receives who they are and their groups', { skip }, async (t) => {
  const [dexPort, port] = [await freePort(), await freePort()]
  const issuer = `http://localhost:${dexPort}/dex`
  const folder = t.testdir({
    'dex.yaml': stringify({
      issuer,
      storage: { type: 'memory' },
      web: { http: `127.0.0.1:${dexPort}` },
      oauth2: { skipApprovalScreen: true },
      staticClients: [{ id: 'reports', secret: clientSecret, name: 'Reports', redirectURIs: [`http://localhost:${port}/oidc/callback`] }],
      // Signs everybody in as one and the same person, in the group `authors`.
      connectors: [{ type: 'mockCallback', id: 'mock', name: 'Mock' }]
    })
  })
  await startDaemon(t, { name: 'dex', args: ['serve', `${folder}/dex.yaml`], port: dexPort })
  const upstream = await startUpstream(t)
  const gateway = await startServe(t, {
    server: { listen: `127.0.0.1:${port}`, publicUrl: `http://localhost:${port}` },
    upstream: { url: upstream.url },
    access: { default: 'authenticated' },
    provider: { issuer, clientId: 'reports', clientSecret, scopes: ['openid', 'email', 'profile', 'groups'] },
    claims: { user: 'name' },
    roles: { mapping: { authors: { roles: ['writer'] } } }
  })
  await gateway.logged('started')
  const page = await chromium?.newPage()
  await page?.goto(`http://localhost:${port}/x`)
  t.equal(page?.url(), `http://localhost:${port}/x`)
  t.match(upstream.requests[0]?.headers, { 'x-auth-user': 'Kilgore Trout', 'x-auth-email': 'kilgore@kilgore.trout', 'x-auth-groups': 'authors', 'x-auth-roles': 'writer' })
})
