import { type Configuration } from '../../config/index.ts'
import { type LoadedConfiguration } from '../configuration.ts'
import { buildCookies } from '../../session-state.ts'
import { check, type Finding, found, type Section } from './check.ts'

/** What the configuration itself tells: it is valid, or nothing would be looked at. */
export function ownSection ({ configuration, source, warnings }: LoadedConfiguration): Section {
  const told = warnings.map((warning) => check('configuration', async () => ({ finding: found.warning(warning) })))
  return {
    subject: 'configuration',
    title: `Configuration, ${source}`,
    checks: [
      check('configuration', async () => ({ finding: found.ok('valid') })),
      ...told,
      check('cookies', async () => ({ finding: judgeCookies(configuration) }))
    ]
  }
}

/** What browsers refuse is refused by the configuration already; what remains is what they don't protect. */
function judgeCookies (configuration: Configuration): Finding {
  const { server, session: { cookie } } = configuration
  const url = new URL(server.publicUrl)
  const { sessionCookieName } = buildCookies(configuration, url)
  const what = `${sessionCookieName} at ${url.origin}, SameSite=${cookie.sameSite}${cookie.domain === undefined ? '' : `, Domain=${cookie.domain}`}`
  if (url.protocol !== 'https:') return found.warning(`${what}, without Secure`, 'good for trying out on this machine alone: serve people by https, and write it in server.publicUrl')
  if (cookie.domain !== undefined) return found.warning(what, `every host below ${cookie.domain} gets the session with each request; without session.cookie.domain this one alone does`)
  return found.ok(what)
}
