import { type Identity } from '../mapping/index.ts'
import { type HeaderProfile } from './header-profile.ts'
import { encodeValue, type HeaderEncoding } from './header-value.ts'

const fields = {
  'X-Auth-User': (identity) => identity.user,
  'X-Auth-Subject': (identity) => identity.sub,
  'X-Auth-Email': (identity) => identity.email,
  'X-Auth-Name': (identity) => identity.name,
  'X-Auth-Groups': (identity) => identity.groups,
  'X-Auth-Roles': (identity) => identity.roles
} as const satisfies Record<string, (identity: Identity) => string | readonly string[] | undefined>

export const doorwardNames = Object.keys(fields)

/** Doorward’s own headers. What somebody does not have is no header, not an empty one. */
export function doorwardProfile ({ encoding }: { readonly encoding: HeaderEncoding }): HeaderProfile {
  return {
    needs: { claims: [], allClaims: false, accessToken: false },
    linesOf: ({ identity }) => Object.entries(fields)
      .map(([name, read]) => [name, encodeValue(read(identity) ?? '', encoding)] as const)
      .filter(([, text]) => text !== '')
  }
}
