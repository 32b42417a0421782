import { type AssertionClaims } from '../assertion/index.ts'
import { type Session } from '../sessions/index.ts'

/** What the assertion says of a session, beside its issuer, audience and times. Absent claims are left out. */
export function assertionClaims ({ id, identity, authTime, acr, amr }: Session): AssertionClaims {
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
