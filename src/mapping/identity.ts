/** Who somebody is here: what rules decide on and what the application receives. Computed at sign-in, never changed. */
export interface Identity {
  /** The subject at the provider, unique there and never reassigned (OpenID Connect Core section 2). */
  readonly sub: string
  /** The name under which the application knows the person; the subject where the provider sends none. */
  readonly user: string
  readonly email?: string | undefined
  readonly name?: string | undefined
  readonly firstName?: string | undefined
  readonly lastName?: string | undefined
  /** The id of the provider in the configuration. */
  readonly provider: string
  /** After rename and filter, in the order in which the provider sent them. */
  readonly groups: readonly string[]
  readonly roles: readonly string[]
  /** Organization → the roles held in it; a member without a role has an empty list. */
  readonly organizations: Readonly<Record<string, readonly string[]>>
  /** Project → the roles held in it. */
  readonly projects: Readonly<Record<string, readonly string[]>>
  readonly attributes: Readonly<Record<string, Attribute>>
  /** Only the claims that a rule or a header template refers to: a session stays small. */
  readonly claims: Readonly<Record<string, unknown>>
}

/** A flag, which is OR-ed over all groups, or a list, which is unioned. */
export type Attribute = boolean | readonly string[]

/** The claims of the id_token and of userinfo, merged. Anything may be in them: a provider can be wrong or hostile. */
export type Claims = Readonly<Record<string, unknown>>
