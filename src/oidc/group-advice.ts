/** What those who run Doorward can do where somebody's groups can't be found out: part of advice.ts. */
export const groupAdvice = {
  groups_elsewhere: 'Set provider.groupSource, so that Doorward asks the directory for them; or have the provider send fewer, such as only those assigned to the application; or use app roles',
  groups_person_unknown: 'Look the person up in the directory: it does not know whom the claims are about, as with programs and people of another organization',
  groups_too_many: 'Doorward takes 10,000 groups of one person at most: look at who puts the person into so many',
  groups_no_answer: 'Try provider.groupSource.url from this machine or pod: a firewall, a proxy or a certificate may be in the way',
  groups_throttled: 'The directory asks for patience; Doorward comes back by itself. Where this goes on, other programs may use up what it allows',
  groups_answer: 'Compare provider.groupSource.url with the documentation of the directory: it answers otherwise than documented there',
  graph_no_oid: 'Add profile to provider.scopes: the object ID (oid), by which Microsoft Graph knows a person, comes with it',
  graph_token: 'Give the client a secret, key or certificate that Entra ID accepts, and let provider.groupSource.url be the Microsoft Graph of the same cloud as provider.issuer',
  graph_permission: 'Grant the client the application permissions User.ReadBasic.All and GroupMember.Read.All of Microsoft Graph, with an administrator’s consent',
  graph_scope: 'Add https://graph.microsoft.com/User.Read to provider.scopes, and for names of groups https://graph.microsoft.com/GroupMember.Read.All with an administrator’s consent; or set provider.groupSource.credentials to client',
  graph_audience: 'The person’s access token is for another API than Microsoft Graph: take that API’s scopes out of provider.scopes, or set provider.groupSource.credentials to client',
  google_token: 'Compare provider.groupSource.serviceAccountKey and provider.groupSource.admin with the Google Cloud and Admin consoles, and the clock of this machine with the real time',
  google_delegation: 'Allow the service account’s client ID the scope https://www.googleapis.com/auth/admin.directory.group.readonly in the Admin console, under domain-wide delegation; it may take some hours',
  google_permission: 'Enable the Admin SDK API in the service account’s project, and let provider.groupSource.admin be an administrator who may read groups'
} as const

export type GroupAdviceCode = keyof typeof groupAdvice
