import { z } from 'zod'
import { filePath } from './values.ts'

const expectedUrl = 'expected a URL such as redis://redis.internal:6379 or rediss://redis.internal:6379/0'

const redisUrl = z.string().superRefine((text, context) => {
  const message = redisUrlProblem(text)
  if (message !== undefined) context.addIssue({ code: 'custom', message, continue: false })
}).meta({ title: 'Redis URL', writeOnly: true })

/** Never repeats what was given: a password may stand in it. */
function redisUrlProblem (text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !['redis:', 'rediss:'].includes(url.protocol) || url.hostname === '') return expectedUrl
  if (url.search !== '' || url.hash !== '') return 'expected a URL without a query or fragment; a user or password is percent-encoded'
  if (!/^(\/\d{0,4})?$/.test(url.pathname)) return 'expected nothing but the number of a database after the host, such as /0'
  return isDecodable(url.username + url.password) ? undefined : 'expected a user and a password that are percent-encoded'
}

function isDecodable (text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

const node = z.string().regex(/^(\[[0-9A-Fa-f:.]+\]|[^\s:/@]+):\d{1,5}$/, { error: 'expected host:port' })

const user = z.string().min(1).optional()
const password = z.string().min(1).meta({ writeOnly: true }).optional()

const sentinel = z.strictObject({
  name: z.string().min(1).describe('Name under which the Sentinels know the group.'),
  username: user.describe('ACL user at the Sentinels.'),
  password: password.describe('Password at the Sentinels. They are not asked with that of the servers.'),
  passwordFile: filePath.optional().describe('File that holds `password`.')
}).optional().describe('Ask Sentinels which server is the master: `url` and `nodes` name the Sentinels.')

export const redisSection = z.strictObject({
  url: redisUrl.optional().describe('Where to begin: a server, a Sentinel, or a node of a cluster. `rediss://` speaks TLS. May hold a user, a password and the number of a database, which are those of the servers.'),
  urlFile: filePath.optional().describe('File that holds `url`.'),
  nodes: z.array(node).prefault([]).describe('More Sentinels, or more nodes of the cluster: `host:port`.'),
  username: user.describe('ACL user, in place of the one in `url`.'),
  password: password.describe('Password, in place of the one in `url`.'),
  passwordFile: filePath.optional().describe('File that holds `password`.'),
  keyPrefix: z.string().regex(/^[\x21-\x7e]{1,64}$/, { error: 'expected 1 to 64 visible ASCII characters' }).default('doorward:')
    .describe('What the names of all keys begin with.'),
  caFile: filePath.optional().describe('PEM bundle of the certificate authorities to trust, beside the system’s, with `rediss://`.'),
  sentinel,
  cluster: z.boolean().default(false).describe('Speak to a Redis Cluster.')
}).prefault({}).describe('Redis, which replicas share. With its `url` given beside another store, it shares the end of sessions.')

export type RedisConfiguration = z.output<typeof redisSection>
