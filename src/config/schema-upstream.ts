import { z } from 'zod'
import { headerSettings } from './schema-application.ts'
import { duration, filePath, webUrlProblem } from './values.ts'

const upstreamUrl = z.string().superRefine((text, context) => {
  const problem = upstreamUrlProblem(text)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, continue: false })
}).meta({ title: 'URL' })

function upstreamUrlProblem (text: string): string | undefined {
  if (/^https?:/.test(text)) return webUrlProblem(text)
  return /^unix:\/.+$/.test(text) ? undefined : 'expected a URL that begins with https:// or http://, or unix:/path'
}

const pathPrefix = z.string()
  .regex(/^\/[^?#\\%*;]*$/, { error: 'expected a path that begins with a slash, such as /reports', abort: true })
  .refine((path) => path === '/' || path.slice(1).split('/').every((segment) => !['', '.', '..'].includes(segment)), { error: 'expected a path such as /reports, without a slash at its end, empty segments, . or ..' })

const staticAnswer = z.strictObject({
  status: z.number().int().min(200, { error: 'expected a status from 200 to 599' }).max(599, { error: 'expected a status from 200 to 599' }).default(200).describe('Status of the answer.'),
  body: z.string().default('').describe('Body of the answer.'),
  contentType: z.string().regex(/^[\x20-\x7e]+$/, { error: 'expected a media type such as text/plain' }).default('text/plain; charset=utf-8').describe('Media type of the body.')
}).describe('An answer of Doorward’s own in place of an application, such as a health page.')

const tls = z.strictObject({
  caFile: filePath.optional().describe('PEM bundle of the certificate authorities to trust in place of the system’s.'),
  verify: z.boolean().default(true).describe('Verify the application’s certificate and name. Switching it off is warned about at every start.')
}).prefault({}).describe('TLS to the application.')

const upstreamEntry = z.strictObject({
  path: pathPrefix.default('/').describe('The path below which requests go to this application; the longest that covers a request wins.'),
  url: upstreamUrl.optional().describe('The application: http or https, or `unix:/path` of a socket. May have a path of its own, which is put in front of every request’s path.'),
  static: staticAnswer.optional(),
  stripPath: z.boolean().default(false).describe('Remove `path` before forwarding: with `/reports`, the application sees `/reports/q1` as `/q1`.'),
  preserveHost: z.boolean().default(true).describe('Send the host that was asked for in `Host`; otherwise the host of `url`.'),
  audience: z.string().min(1).optional().describe('`aud` of the assertion. Default: the origin of `url`.'),
  connectTimeout: duration('5s', '1ms').describe('How long connecting may take.'),
  responseTimeout: duration('60s', '1ms').describe('How long the application may take until its response headers.'),
  idleTimeout: duration('5m', '1ms').describe('How long the application may pause between two parts of a body; server-sent events and WebSockets are exempt.'),
  tls,
  headers: z.strictObject({
    profiles: headerSettings.profiles.optional().describe('In place of `headers.profiles`.'),
    accessToken: headerSettings.accessToken.optional().describe('In place of `headers.accessToken`.'),
    set: headerSettings.set.optional().describe('In place of `headers.set`.'),
    encoding: headerSettings.encoding.optional().describe('In place of `headers.encoding`.')
  }).prefault({}).describe('What this application is told about whoever is signed in, where it differs from `headers`.')
}).superRefine(({ url, static: answer }, context) => {
  if (url === undefined && answer === undefined) context.addIssue({ code: 'custom', path: ['url'], message: 'is required; or give static' })
  if (url !== undefined && answer !== undefined) context.addIssue({ code: 'custom', path: ['static'], message: 'expected either url or static' })
})

export const upstreamSection = upstreamEntry.optional().describe('The application that Doorward stands in front of.')

export const upstreamsSection = z.array(upstreamEntry).superRefine((entries, context) => {
  entries.forEach(({ path }, index) => {
    const isTaken = entries.findIndex((other) => other.path === path) < index
    if (isTaken) context.addIssue({ code: 'custom', path: [index, 'path'], message: `${path} has an application already` })
  })
}).default([]).describe('Several applications, each below a path of its own; in place of `upstream`.')
