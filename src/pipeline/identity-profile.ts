import { type Identity } from '../mapping/index.ts'
import { type HeaderTemplate } from './header-template.ts'
import { encodeValue, type HeaderEncoding } from './header-value.ts'
import { foldedName } from './identity-headers.ts'

export interface IdentityProfile {
  /** Headers that Doorward asserts: what a client sends under these names, in any spelling, is removed. */
  readonly names: readonly string[]
  /** Name, value, name, value… for a person. The assertion is not among them: it changes in the life of a session. */
  headersOf (identity: Identity): readonly string[]
}

export const assertionHeader = 'X-Auth-Assertion'

const fields = {
  'X-Auth-User': (identity) => identity.user,
  'X-Auth-Subject': (identity) => identity.sub,
  'X-Auth-Email': (identity) => identity.email,
  'X-Auth-Name': (identity) => identity.name,
  'X-Auth-Groups': (identity) => identity.groups,
  'X-Auth-Roles': (identity) => identity.roles
} as const satisfies Record<string, (identity: Identity) => string | readonly string[] | undefined>

/** Never passed on from a client, whichever profiles are on: an application may still read them. */
const reservedNames = [...Object.keys(fields), assertionHeader]

export interface ProfileSettings {
  readonly profiles: readonly 'doorward'[]
  readonly encoding: HeaderEncoding
  readonly templates: readonly HeaderTemplate[]
}

/** The identity headers of a configuration. What somebody does not have is no header, not an empty one. */
export function createIdentityProfile ({ profiles, encoding, templates }: ProfileSettings): IdentityProfile {
  const encode = (value: string | readonly string[]) => encodeValue(value, encoding)
  const own = profiles.includes('doorward') ? Object.entries(fields).map(([name, read]) => ({ name, render: (identity: Identity) => encode(read(identity) ?? '') })) : []
  // By folded name, the last wins: a template replaces the profile's header, it never stands beside it as a second value.
  const headers = [...new Map([...own, ...templates].map((header) => [foldedName(header.name), header])).values()]
  const prepared = new WeakMap<Identity, readonly string[]>()

  function prepare (identity: Identity): readonly string[] {
    return headers.flatMap(({ name, render }) => {
      const text = render(identity, encode)
      return text === undefined || text === '' ? [] : [name, text]
    })
  }

  return {
    names: [...reservedNames, ...templates.map(({ name }) => name)],
    headersOf (identity) {
      const known = prepared.get(identity) ?? prepare(identity)
      prepared.set(identity, known)
      return known
    }
  }
}
