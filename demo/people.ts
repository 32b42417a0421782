/** Claims of one person; everything except `sub`, which is the name that the person is listed under. */
export type PersonClaims = Readonly<Record<string, unknown>>

/** Subject → claims. */
export type People = Readonly<Record<string, PersonClaims>>

/** The three people whom the demo's provider knows. */
export const people: People = {
  alice: person('Alice', 'Archer', ['cmdbsyncer-admins']),
  bob: person('Bob', 'Baker', ['cmdbsyncer-ops', 'data-scientists']),
  carol: person('Carol', 'Cooper', [])
}

function person (firstName: string, lastName: string, groups: readonly string[]): PersonClaims {
  const user = firstName.toLowerCase()
  return {
    name: `${firstName} ${lastName}`,
    given_name: firstName,
    family_name: lastName,
    preferred_username: user,
    email: `${user}@example.com`,
    email_verified: true,
    groups
  }
}
