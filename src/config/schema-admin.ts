import { z } from 'zod'
import { listenAddress } from './values.ts'

export const adminSection = z.strictObject({
  listen: listenAddress({ canBeOff: true })
    .default('127.0.0.1:4181')
    .describe('Where health and metrics are served: `host:port`, `unix:/path`, or `off`. Whoever reaches it is answered; people never should.')
}).describe('The admin listener: health and metrics, for those who run Doorward.')
