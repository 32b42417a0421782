import { copyOf } from './frozen.ts'
import { type Claims } from './identity.ts'

/**
 * Every claim that the provider sent: those of userinfo, then those of the id_token, which win, as in mod_auth_openidc.
 * This is for passing on alone; what is decided on is the merged claims. A null says nothing, and hides nothing.
 */
export function allClaimsOf (idToken: Claims, userinfo: Claims): Claims {
  return copyOf({ ...withoutNulls(userinfo), ...withoutNulls(idToken) }) as Claims
}

function withoutNulls (claims: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== null))
}
