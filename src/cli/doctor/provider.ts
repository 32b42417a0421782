import { type Configuration, type ProviderConfiguration, redirectUriOf, signedOutUriOf } from '../../config/index.ts'
import { providerSettings } from '../../identity-providers.ts'
import { createProviderInspection, type ProviderInspection, type ProviderSettings, type ProxySettings, type PublishedMetadata, trustedBy, troubleOf } from '../../oidc/index.ts'
import { backchannelLogoutUrl } from '../../own-routes.ts'
import { type Check, check, checkAfter, type Finding, found, type Section } from './check.ts'
import { judgeBackchannel, judgeClientAuth, judgeClocks, judgeGroups, judgeKeys, judgePkce, judgeResponses, judgeScopes, judgeSignOut } from './metadata.ts'
import { reachChecks } from './places.ts'
import { judgeCredentials, judgeGroupSource, judgeRequest, troubled } from './sign-in.ts'

export interface ProviderSectionParts {
  readonly proxy: ProxySettings | undefined
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Everything that a provider shows before somebody signs in. */
export async function providerSection (provider: ProviderConfiguration, configuration: Configuration, { proxy, now }: ProviderSectionParts): Promise<Section> {
  const settings = await providerSettings({ ...provider, proxy }, configuration)
  const inspection = createProviderInspection(settings, now)
  const reached = reachOf(settings, { proxy, now })
  const metadata = checkAfter(reached.last, 'issuer', () => discover(inspection, provider))
  const after = (name: string, judge: Judge): Check<never> => checkAfter(metadata, name, async (server) => ({ finding: await explained(async () => await judge(server)) }))
  const method = (server: PublishedMetadata) => inspection.clientAuthMethod(server)
  const redirectUri = redirectUriOf(provider, configuration)
  const checks = [
    ...reached.checks,
    metadata,
    after('clock', () => judgeClocks(inspection.clocks(), provider.clockTolerance)),
    after('keys', async (server) => judgeKeys(server, await inspection.keys(server))),
    after('pkce', (server) => judgePkce(server, provider)),
    after('client-auth-methods', (server) => judgeClientAuth(server, method(server))),
    after('scopes', (server) => judgeScopes(server, provider)),
    after('response', (server) => judgeResponses(server, provider)),
    after('redirect-uri', (server) => judgeRequest(inspection, server, { redirectUri, clientId: provider.clientId })),
    after('client-authentication', (server) => judgeCredentials(inspection, server, method(server))),
    after('groups', (server) => judgeGroups(server, provider.claims.groups ?? configuration.claims.groups)),
    after('group-source', () => judgeGroupSource(inspection)),
    after('sign-out', (server) => judgeSignOut(server, provider, signedOutUriOf(configuration))),
    after('backchannel-logout', (server) => judgeBackchannel(server, backchannelUriOf(provider, configuration)))
  ]
  closeAfter(checks, inspection)
  return { subject: `provider:${provider.id}`, title: `Provider ${provider.id}, ${provider.issuer}`, checks }
}

type Judge = (server: PublishedMetadata) => Finding | Promise<Finding>

/** The way to the issuer. Over a proxy it is the proxy that looks names up and connects. */
function reachOf (settings: ProviderSettings, { proxy, now }: ProviderSectionParts): { readonly checks: readonly Check[], readonly last: Check } {
  const url = new URL(settings.issuer)
  if (proxy !== undefined && url.protocol === 'https:') {
    const address = check<true>('address', async () => ({ finding: found.skipped('HTTPS_PROXY names a proxy, which looks names up and connects'), value: true }))
    return { checks: [address], last: address }
  }
  const { address, connection, certificate } = reachChecks({ url, setting: 'provider.issuer', caSetting: 'provider.caFile', tls: { ...trustedBy(settings), ...settings.clientCertificate }, now })
  return { checks: [address, connection, certificate], last: certificate }
}

async function discover (inspection: ProviderInspection, { issuer, discovery }: ProviderConfiguration): Promise<{ finding: Finding, value?: PublishedMetadata }> {
  try {
    const value = await inspection.metadata()
    return { value, finding: discovery ? found.ok(`the provider calls itself ${value.issuer}`) : found.skipped('provider.discovery is false') }
  } catch (error) {
    const { happened, advice = `open ${issuer} from this machine, for example with curl` } = troubleOf(error)
    return { finding: found.failed(happened, advice) }
  }
}

async function explained (judge: () => Promise<Finding>): Promise<Finding> {
  try {
    return await judge()
  } catch (error) {
    return troubled(troubleOf(error))
  }
}

/** Its connections are of no use once everything has been asked. */
function closeAfter (checks: readonly Check[], inspection: ProviderInspection): void {
  Promise.all(checks.map(({ seen }) => seen)).then(() => inspection.close()).catch(() => {})
}

function backchannelUriOf ({ id }: ProviderConfiguration, { provider, server }: Configuration): string {
  return new URL(backchannelLogoutUrl(server.basePath, provider === undefined ? id : undefined), server.publicUrl).href
}
