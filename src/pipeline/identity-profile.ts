import { foldedName } from '../header-names.ts'
import { type HeaderLine, type HeaderProfile, type Principal, type ProfileNeeds } from './header-profile.ts'
import { type HeaderTemplate } from './header-template.ts'
import { encodeValue, type HeaderEncoding } from './header-value.ts'
import { doorwardNames, doorwardProfile } from './profile-doorward.ts'
import { modAuthOpenidcProfile } from './profile-mod-auth-openidc.ts'
import { oauth2ProxyProfile } from './profile-oauth2-proxy.ts'

export interface IdentityProfile {
  /** Headers that Doorward asserts: what a client sends under these names, in any spelling, is removed. */
  readonly names: readonly string[]
  /** What sign-in has to keep of somebody for the headers to be written. */
  readonly needs: ProfileNeeds
  /** Name, value, name, value… for somebody. The assertion is not among them: it changes in the life of a session. */
  headersOf (principal: Principal): readonly string[]
}

export const assertionHeader = 'X-Auth-Assertion'

/** Never passed on from a client, whichever profiles are on: an application may still read them. */
const reservedNames = [...doorwardNames, assertionHeader]

export interface ProfileSettings {
  readonly profiles: readonly ProfileName[]
  readonly encoding: HeaderEncoding
  /** Whether the access token is passed on; absent, as the original of each profile has it. */
  readonly accessToken?: boolean | undefined
  readonly templates: readonly HeaderTemplate[]
}

type ProfileName = 'doorward' | 'mod_auth_openidc' | 'oauth2-proxy'

const createProfile: Readonly<Record<ProfileName, (settings: ProfileSettings) => HeaderProfile>> = {
  doorward: doorwardProfile,
  mod_auth_openidc: modAuthOpenidcProfile,
  'oauth2-proxy': oauth2ProxyProfile
}

interface Prepared {
  readonly lines: readonly string[]
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** The identity headers of a configuration. They are prepared once for each session and token, not for each request. */
export function createIdentityProfile (settings: ProfileSettings, now: () => number): IdentityProfile {
  const { templates } = settings
  const profiles = [...new Set(settings.profiles)].map((name) => createProfile[name](settings))
  const templated = new Set(templates.map(({ name }) => foldedName(name)))
  const prepared = new WeakMap<Principal, Prepared>()

  function prepare (principal: Principal): readonly string[] {
    // A template replaces a profile's header, it never stands beside it as a second value.
    const lines = profiles.flatMap((profile) => profile.linesOf(principal)).filter(([name]) => !templated.has(foldedName(name)))
    return [...lines, ...templateLines(templates, principal, settings.encoding)].flat()
  }

  return {
    names: [...reservedNames, ...templates.map(({ name }) => name)],
    needs: {
      claims: [...profiles.flatMap(({ needs }) => needs.claims), ...templates.flatMap(({ claims }) => claims)],
      allClaims: profiles.some(({ needs }) => needs.allClaims),
      accessToken: profiles.some(({ needs }) => needs.accessToken)
    },
    headersOf (principal) {
      const known = prepared.get(principal)
      if (known !== undefined && now() < known.until) return known.lines
      const { shown, until } = withoutExpiredToken(principal, now())
      const lines = prepare(shown)
      prepared.set(principal, { lines, until })
      return lines
    }
  }
}

/** An application that is handed a token takes it for good: one that has expired, since it could not be refreshed, is none. */
function withoutExpiredToken (principal: Principal, now: number): { shown: Principal, until: number } {
  const { accessTokenExpiresAt = Infinity } = principal.tokens ?? {}
  const until = accessTokenExpiresAt * 1000
  return now < until ? { shown: principal, until } : { shown: { ...principal, tokens: undefined }, until: Infinity }
}

/** What somebody does not have is no header, not an empty one. */
function templateLines (templates: readonly HeaderTemplate[], { identity }: Principal, encoding: HeaderEncoding): HeaderLine[] {
  return templates.flatMap(({ name, render }) => {
    const text = render(identity, (value) => encodeValue(value, encoding))
    return text === undefined || text === '' ? [] : [[name, text] as const]
  })
}
