import { z } from 'zod'
import { filePath, listenAddress } from './values.ts'

export const adminSection = z.strictObject({
  listen: listenAddress({ canBeOff: true })
    .default('127.0.0.1:4181')
    .describe('Where health and metrics are served: `host:port`, `unix:/path`, or `off`. Whoever reaches it is answered; people never should.'),
  token: z.string()
    .regex(/^[\x21-\x7E]*$/, { error: 'expected visible ASCII characters, without spaces' })
    .min(32, { error: 'expected at least 32 characters; `doorward keygen` prints a good one' })
    .meta({ writeOnly: true }).optional()
    .describe('What administrators have to know to end sessions (`doorward sessions revoke`, `POST /api/sessions/revoke`). Without it there is no admin API.'),
  tokenFile: filePath.optional().describe('File that holds `token`.')
}).describe('The admin listener: health, metrics and the admin API, for those who run Doorward.')
