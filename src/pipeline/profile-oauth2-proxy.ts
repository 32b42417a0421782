import { type HeaderProfile, type Principal } from './header-profile.ts'
import { utf8Value } from './header-value.ts'

/**
 * The headers of oauth2-proxy 7 with its defaults: the user is the subject, groups are joined by commas, text is UTF-8, and
 * what somebody does not have is no header. The access token is passed on request (`--pass-access-token`).
 */
export function oauth2ProxyProfile ({ accessToken = false }: { readonly accessToken?: boolean | undefined }): HeaderProfile {
  return {
    needs: { claims: ['preferred_username'], allClaims: false, accessToken },
    linesOf: (principal) => Object.entries(valuesOf(principal, accessToken))
      .map(([name, text]) => [name, utf8Value(text ?? '')] as const)
      .filter(([, text]) => text !== '')
  }
}

function valuesOf ({ identity, tokens }: Principal, passesToken: boolean): Record<string, string | undefined> {
  const preferred = identity.claims['preferred_username']
  return {
    'X-Forwarded-Access-Token': passesToken ? tokens?.accessToken : undefined,
    'X-Forwarded-Email': identity.email,
    'X-Forwarded-Groups': joined(identity.groups),
    'X-Forwarded-Preferred-Username': typeof preferred === 'string' ? preferred : undefined,
    'X-Forwarded-User': identity.sub
  }
}

/** Nobody unescapes a comma here: oauth2-proxy writes `x,admin` as it is, and it reads as two groups. It is left out. */
function joined (groups: readonly string[]): string {
  return groups.filter((group) => !group.includes(',')).join(',')
}
