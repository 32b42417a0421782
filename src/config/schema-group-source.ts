import { z } from 'zod'
import { filePath, isHttpsOrLoopback, webUrl } from './values.ts'

/** Tokens are sent there. */
function directoryUrl (description: string) {
  return webUrl(description).refine((text) => isHttpsOrLoopback(text), { error: 'expected https; plain http is accepted only on loopback' })
}

export const groupSourceSection = z.strictObject({
  kind: z.enum(['none', 'entra', 'google']).default('none')
    .describe('Where groups are that do not come as claims. `entra`: Microsoft Graph is asked about people in more groups than Entra ID puts into a token. `google`: the Directory API of Google Workspace is asked about everybody. With `none`, a sign-in for which the provider keeps groups elsewhere fails with `groups_overage_unresolved`.'),
  url: directoryUrl('Address of the directory: for `entra` https://graph.microsoft.com/v1.0 unless another cloud is meant, for `google` https://admin.googleapis.com.').optional(),
  credentials: z.enum(['client', 'user']).default('client')
    .describe('For `entra`: whose access token Microsoft Graph sees. `client`: one of Doorward’s own (client credentials), which also works for bearer tokens. `user`: that of whoever signs in.'),
  groups: z.enum(['security', 'all']).default('security')
    .describe('For `entra`: security groups that the person is in by security groups alone, as in Entra ID’s tokens; or all groups, also those behind lists that people may join by themselves.'),
  names: z.enum(['id', 'displayName']).default('id')
    .describe('For `entra`: what a group is called here. `displayName` asks Microsoft Graph at every sign-in; names are not unique there, so whoever may make groups can make one of any name.'),
  serviceAccountKey: z.string().min(1).meta({ writeOnly: true }).optional()
    .describe('For `google`: the JSON of the service account’s key file. The addresses in it are not used.'),
  serviceAccountKeyFile: filePath.optional().describe('File that holds `serviceAccountKey`.'),
  admin: z.string().regex(/^[^\s@]+@[^\s@]+$/, { error: 'expected an e-mail address' }).optional()
    .describe('For `google`: e-mail address of the administrator in whose name the service account asks (domain-wide delegation).'),
  tokenUrl: directoryUrl('For `google`: where the service account gets its tokens, https://oauth2.googleapis.com/token unless given.').optional()
}).describe('A directory that Doorward asks for the groups of people.')
