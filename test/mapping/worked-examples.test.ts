import { readFileSync } from 'node:fs'
import { type Test, test } from 'tap'
import { explain } from '../../src/cli/explain.ts'

const page = readFileSync(new URL('../../docs/roles.md', import.meta.url), 'utf8')

/** What an excerpt leaves out. */
const elsewhere = {
  DOORWARD_SERVER_PUBLIC_URL: 'https://app.example.com',
  DOORWARD_PROVIDER_ISSUER: 'https://idp.example.com',
  DOORWARD_PROVIDER_CLIENT_ID: 'app',
  DOORWARD_UPSTREAM_URL: 'http://127.0.0.1:8080'
}

interface Explanation {
  readonly identity: object
  readonly refusal?: { readonly reason: string, readonly detail: string }
}

/** What `doorward explain --json` prints for the claims, under the configuration. */
async function explanationOf (t: Test, yaml: string, claims: string): Promise<Explanation> {
  let stdout = ''
  let stderr = ''
  await explain({ claims: 'claims.json', json: true }, {
    stdout: (text) => { stdout += text },
    stderr: (text) => { stderr += text },
    environment: elsewhere,
    cwd: t.testdir({ 'doorward.yaml': yaml, 'claims.json': claims }),
    isTerminal: false
  })
  t.equal(stderr, '')
  return JSON.parse(stdout) as Explanation
}

function blocksOf (language: string, text: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'))].map(([, block = '']) => block)
}

const [, section = ''] = /^## Three worked examples\n(.*?)^## /ms.exec(page) ?? []
const [, ...examples] = section.split(/^### /m)

test('the page on roles has three worked examples', async (t) => {
  t.strictSame(examples.map((example) => [example.split(':')[0], blocksOf('yaml', example).length, blocksOf('json', example).length]), [
    ['An inventory', 1, 6],
    ['Workspaces', 1, 4],
    ['Databases', 1, 4]
  ])
})

for (const example of examples) {
  test(`what the page on roles shows is what comes out: ${example.slice(0, example.indexOf('\n'))}`, async (t) => {
    const [yaml = ''] = blocksOf('yaml', example)
    const blocks = blocksOf('json', example)
    for (let index = 0; index < blocks.length; index += 2) {
      const [claims = '', shown = ''] = blocks.slice(index, index + 2)
      const { identity, refusal } = await explanationOf(t, yaml, claims)
      const outcome = refusal === undefined ? identity : { refusal: { reason: refusal.reason, detail: refusal.detail } }
      t.strictSame(outcome, JSON.parse(shown), claims)
    }
  })
}
