/**
 * The application behind the gateways where there is no nginx. Says in its headers whom it was told of.
 *
 * Usage: node bench/plain-upstream.ts PORT BODY
 */
import { createServer } from 'node:http'

const [port, body = ''] = process.argv.slice(2)
const server = createServer(({ headers }, response) => {
  const person = headers['x-auth-user'] ?? headers.oidc_claim_preferred_username ?? headers['x-forwarded-preferred-username'] ?? 'nobody'
  const assertion = headers['x-auth-assertion'] === undefined ? 'no' : 'yes'
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length, 'x-seen-user': person, 'x-seen-assertion': assertion }).end(body)
})
server.listen(Number(port), '127.0.0.1')
