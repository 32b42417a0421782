import { z } from 'zod'
import { redisSection } from './schema-redis.ts'
import { duration, filePath, hostName, isHttpsOrLoopback, listenAddress, proxyRange, secretKey, size, webUrl } from './values.ts'

export const serverSection = z.strictObject({
  listen: listenAddress({ canBeOff: false })
    .default('0.0.0.0:4180')
    .describe('Where Doorward listens: `host:port`, or `unix:/path`.'),
  publicUrl: webUrl('Where people reach Doorward. Never guessed from request headers. https, unless the host is loopback.')
    .refine((text) => isHttpsOrLoopback(text), { error: 'expected https; plain http is accepted only on loopback' })
    .refine((text) => URL.parse(text)?.pathname === '/', { error: 'expected an origin without a path, such as https://app.example.com' })
    .transform((text) => new URL(text).origin),
  hosts: z.array(hostName).prefault([])
    .describe('Hosts, besides that of `publicUrl`, under which requests are served: `host` or `host:port`. A request for any other host is answered with 421.'),
  trustedProxies: z.array(proxyRange).prefault([])
    .describe('Addresses and CIDRs of the proxies in front whose `X-Forwarded-For`, `-Proto`, `-Host` and `Forwarded` are believed; `unix` for whoever connects to the unix socket. None by default.'),
  forwardAuth: z.boolean().default(false)
    .describe('Answer trusted proxies at `/oidc/check` whether a request that they hold may pass, and with the headers to set: for nginx, Traefik, Caddy and Envoy.'),
  basePath: z.string()
    .regex(/^(\/[A-Za-z0-9_-]+)+$/, { error: 'expected a path such as /oidc, without a slash at its end' })
    .default('/oidc')
    .describe('Doorward’s own routes live below this path; nothing below it ever reaches the application.'),
  tls: z.strictObject({
    certFile: filePath.describe('Certificate chain in PEM.'),
    keyFile: filePath.describe('Private key in PEM.')
  }).optional().describe('Serve TLS itself; without it, plain HTTP behind a load balancer or inside a pod.'),
  maxHeaderSize: size.refine((bytes) => bytes >= 8 * 1024 && bytes <= 1024 ** 2, { error: 'expected between 8KiB and 1MiB' }).prefault('64KiB')
    .describe('How large the header section of a request may be; a larger one gets 431. A session takes up to 16 KiB of it.'),
  maxConnections: z.number().int().min(1).max(1_000_000).default(20_000)
    .describe('How many connections of clients may be open at once; further ones are closed at once.'),
  maxRequests: z.number().int().min(2).max(1_000_000).default(10_000)
    .describe('How many requests may be answered at a time; further ones get 503. Half of it is kept for those who are signed in. WebSockets and event streams are not counted once they are open.'),
  maxLag: duration('2s')
    .describe('How far the event loop may lag behind: while it is further, requests get 503, and from half of it on those of nobody who is signed in. `0s`: as far as it likes.'),
  rateLimit: z.strictObject({
    perSecond: z.number().int().min(0).max(1_000_000).default(50)
      .describe('How many each client gets a second: of sign-ins and sign-outs (each has several requests), of forms that wait for a sign-in, of bearer tokens that are refused and of logout tokens that are, each counted by itself; further ones get 429. `0`: any number.'),
    burst: z.number().int().min(1).max(1_000_000).default(2_000)
      .describe('How many a client gets at once that has asked for nothing for a while.')
  }).prefault({}).describe('What one client may ask for that costs something. A client is an address, or the first 64 bits of an IPv6 address.'),
  clientTimeout: duration('60s', '1ms').describe('How long a client may pause while it sends a body or takes an answer; event streams and WebSockets are exempt while nothing is to be sent.'),
  reload: z.enum(['auto', 'signal', 'off']).default('auto')
    .describe('When the configuration and the files that it names are read again: `auto` at SIGHUP and when one of the files changes, `signal` at SIGHUP alone, `off` never.'),
  drainDelay: duration('5s').describe('After SIGTERM, requests are served for this long as before, while `/readyz` says that nobody should be sent here any more. Other signals, such as that of Ctrl-C, do not wait.'),
  drainTimeout: duration('25s').describe('After that no new connections are taken, and running requests may take this long to finish. Then they are cut.')
}).describe('Where Doorward listens, and where people reach it.')

export const sessionSection = z.strictObject({
  store: z.enum(['cookie', 'memory', 'redis']).default('cookie').describe('Where sessions live. `cookie`: sealed in the browser’s cookies, nothing is kept on the server. `memory`: in this process, lost when it ends. `redis`: sealed, in the Redis of `redis`.'),
  secret: secretKey.meta({ writeOnly: true }).optional()
    .describe('Key that seals sessions: 32 bytes or more in base64. Without it a random one is made at every start, and everybody has to sign in again.'),
  secretFile: filePath.optional().describe('File that holds `secret`.'),
  previousSecrets: z.array(secretKey).meta({ writeOnly: true }).prefault([])
    .describe('Earlier secrets: sessions sealed with them are still accepted, none is sealed with them.'),
  previousSecretsFile: filePath.optional().describe('File that holds `previousSecrets`, one a line.'),
  idleTimeout: duration('30m', '1ms').describe('A session ends when it is not used for this long.'),
  maxLifetime: duration('8h', '1ms').describe('A session ends this long after the sign-in, used or not.'),
  refreshBefore: duration('60s').describe('Tokens are refreshed this long before the access token expires, by the first request after that, where the provider gave a refresh token.'),
  postLimit: size.refine((bytes) => bytes <= 1024 ** 2, { error: 'expected at most 1MiB' }).prefault('64KiB')
    .describe('A form of the site’s own that is posted without a session is kept on the server up to this size, and sent once its sender has signed in. `0B`: none is.'),
  keepFragment: z.boolean().default(false)
    .describe('Keep the `#fragment` of the page wanted over a sign-in, by a page of Doorward’s before and after it whose script the browser runs. Without scripts people sign in as well, and the fragment is lost.'),
  closeGrace: duration('5s', '20ms').describe('WebSockets and event streams are closed within this time after their session has ended.'),
  cookie: z.strictObject({
    name: z.string().regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/, { error: 'expected a cookie name of 1 to 64 characters' }).optional()
      .describe('Name of the session cookie. Default: `__Host-doorward` on https, `__Secure-doorward` where `domain` is set, `doorward` on http://localhost.'),
    sameSite: z.enum(['lax', 'strict', 'none']).default('lax').describe('SameSite attribute of the session cookie.'),
    domain: z.string().regex(/^[A-Za-z0-9.-]+$/, { error: 'expected a host name' }).optional()
      .describe('Domain attribute: shares the session with every host below it. Absent: this host alone.')
  }).prefault({}).describe('The session cookie.'),
  redis: redisSection
}).describe('How long a sign-in lasts, and where it is kept.')
