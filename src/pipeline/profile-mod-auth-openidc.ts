import { claimText } from './claim-text.ts'
import { type HeaderLine, type HeaderProfile, type Principal } from './header-profile.ts'
import { base64urlValue, type HeaderEncoding, latin1Value, utf8Value } from './header-value.ts'

export interface ModAuthOpenidcSettings {
  readonly encoding: HeaderEncoding
  /** As `OIDCPassAccessToken`, which is on unless switched off. */
  readonly accessToken?: boolean | undefined
}

/** What `OIDCPassClaimsAs both` takes as its second word; without one, values are passed as they are. */
const encoders: Record<HeaderEncoding, (text: string) => string> = {
  percent: utf8Value,
  base64url: base64urlValue,
  latin1: latin1Value
}

/**
 * The headers of mod_auth_openidc 2.4.12 with its defaults, byte for byte: a header for every claim, the access token
 * and its expiry. `X-Remote-User` holds what the module gives to `REMOTE_USER`, which does not travel over HTTP.
 */
export function modAuthOpenidcProfile ({ encoding, accessToken = true }: ModAuthOpenidcSettings): HeaderProfile {
  const encode = encoders[encoding]
  return {
    needs: { claims: [], allClaims: true, accessToken },
    linesOf: (principal) => [
      ...claimLines(principal, encode),
      ...accessToken ? tokenLines(principal, encode) : [],
      ...remoteUserLines(principal)
    ]
  }
}

/** Apache knows no case in names: of two claims that become one, the first gives the name and the last the value. */
function claimLines ({ allClaims = {} }: Principal, encode: (text: string) => string): HeaderLine[] {
  const lines = new Map<string, HeaderLine>()
  for (const [claim, value] of Object.entries(allClaims)) {
    const text = claimText(value)
    if (text === undefined) continue
    const name = `OIDC_CLAIM_${tokenOf(claim)}`
    const folded = name.toLowerCase()
    lines.set(folded, [lines.get(folded)?.[0] ?? name, encode(text)])
  }
  return [...lines.values()]
}

function tokenLines ({ tokens = {} }: Principal, encode: (text: string) => string): HeaderLine[] {
  const { accessToken, accessTokenExpiresAt } = tokens
  if (accessToken === undefined) return []
  const token = ['OIDC_access_token', encode(accessToken)] as const
  return accessTokenExpiresAt === undefined ? [token] : [token, ['OIDC_access_token_expires', encode(String(accessTokenExpiresAt))]]
}

/** The subject at the issuer, as `OIDCRemoteUserClaim sub@` has it: subjects of two providers may be equal. */
function remoteUserLines ({ allClaims = {} }: Principal): HeaderLine[] {
  const { sub, iss } = allClaims
  if (typeof sub !== 'string' || typeof iss !== 'string') return []
  return [['X-Remote-User', utf8Value(`${sub}@${iss.replace(/^https:\/\//, '')}`)]]
}

/** Every byte that a header name must not hold (RFC 9110 section 5.6.2) becomes a dash, each byte of UTF-8 by itself. */
function tokenOf (claim: string): string {
  return Buffer.from(claim).toString('latin1').replace(/[^!#$%&'*+\-.^_`|~0-9A-Za-z]/g, '-')
}
