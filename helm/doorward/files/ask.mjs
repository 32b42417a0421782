// What `helm test` asks: is it ready, and does it answer under its public name?
import { once } from 'node:events'
import { request as plain } from 'node:http'
import { request as encrypted } from 'node:https'

const { READY_URL, SESSION_URL, PUBLIC_HOST } = process.env

async function expectStatus (url, wanted, headers = {}) {
  const request = url.startsWith('https:') ? encrypted : plain
  // The certificate is for the public name, and nothing secret is sent.
  const asked = request(url, { headers, timeout: 10_000, rejectUnauthorized: false })
  asked.on('timeout', () => { asked.destroy(new Error('no answer within 10 s')) }).end()
  const [answer] = await once(asked, 'response')
  const text = (await answer.setEncoding('utf8').toArray()).join('')
  if (answer.statusCode !== wanted) throw new Error(`${url}: expected ${wanted}, found ${answer.statusCode}\n${text}`)
  console.log(`${url}: ${wanted}`)
}

await expectStatus(READY_URL, 200)
// Nobody is signed in: a program is told so. Under another name it would be 421.
if (SESSION_URL !== undefined) await expectStatus(SESSION_URL, 401, { host: PUBLIC_HOST })
