import { z } from 'zod'
import { duration } from './values.ts'

export const bearerSection = z.strictObject({
  audiences: z.array(z.string().min(1)).default([])
    .describe('A token must be meant for one of these (`aud`). Needed where a rule says `bearer: true`.'),
  tokens: z.enum(['auto', 'jwt', 'introspection']).default('auto')
    .describe('How tokens are checked: a JWT by its signature, any other by asking the provider (RFC 7662), each with `auto`; one of the two for all tokens otherwise.'),
  introspection: z.strictObject({
    requireAudience: z.boolean().default(true)
      .describe('Refuse a token of which the provider does not say whom it is meant for. Switching it off admits tokens of every application at the provider, and is warned about at every start.')
  }).prefault({}).describe('What the provider must say of a token.'),
  cacheTime: duration('1m').describe('How long the provider’s answer about a token is believed, unless the token expires before.')
}).describe('Which access tokens are accepted where a rule says `bearer: true`.')
