import { z } from 'zod'
import { filePath, listenAddress } from './values.ts'

const need = z.enum(['always', 'once', 'never'])

export const adminSection = z.strictObject({
  listen: listenAddress({ canBeOff: true })
    .default('127.0.0.1:4181')
    .describe('Where health and metrics are served: `host:port`, `unix:/path`, or `off`. Whoever reaches it is answered; people never should.'),
  readiness: z.strictObject({
    provider: need.default('once')
      .describe('The identity provider; of several, one is enough. By default people are sent here once it was found, and stay when it is away later: whoever is signed in is served.'),
    sessionStore: need.default('always')
      .describe('The Redis of `session.redis`: while it is away nobody with a session is served.'),
    upstream: need.default('never')
      .describe('The application; of several, one is enough. Unless this is `never`, Doorward connects to each of them every five seconds and sends nothing.')
  }).prefault({}).describe('On what it depends whether `/readyz` says that people should be sent here: `always`; `once` since the start; `never`.'),
  token: z.string()
    .regex(/^[\x21-\x7E]*$/, { error: 'expected visible ASCII characters, without spaces' })
    .min(32, { error: 'expected at least 32 characters; `doorward keygen` prints a good one' })
    .meta({ writeOnly: true }).optional()
    .describe('What administrators have to know to end sessions (`doorward sessions revoke`, `POST /api/sessions/revoke`). Without it there is no admin API.'),
  tokenFile: filePath.optional().describe('File that holds `token`.')
}).describe('The admin listener: health, metrics and the admin API, for those who run Doorward.')
