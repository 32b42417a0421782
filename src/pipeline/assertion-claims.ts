import { type AssertionClaims } from '../assertion/index.ts'
import { type Caller } from './authenticate.ts'

/** What the assertion says of whoever asks, beside its issuer, audience and times. Absent claims are left out. */
export function assertionClaims ({ id, identity, authTime, acr, amr }: Caller): AssertionClaims {
  const { sub, user, email, name, firstName, lastName, groups, roles, organizations, projects, attributes, provider } = identity
  return {
    sub,
    user,
    email,
    name,
    given_name: firstName,
    family_name: lastName,
    groups,
    roles,
    organizations,
    projects,
    attributes,
    provider,
    sid: id,
    auth_time: authTime,
    acr,
    amr
  }
}
