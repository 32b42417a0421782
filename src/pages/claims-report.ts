/** What a provider said of somebody, and what became of it: the claims page, and the same as JSON (docs/claims-page.md). */
export interface ClaimsReport {
  /** Of this shape: members may be added under the same number, but none is removed or renamed. */
  readonly version: 1
  /** When the provider was asked, as ISO 8601. */
  readonly time: string
  readonly provider: { readonly id: string, readonly label: string }
  readonly person: { readonly user: string, readonly sub: string, readonly email?: string | undefined, readonly roles: readonly string[] }
  readonly hints: readonly ClaimsHint[]
  /** What each setting below `claims` found. */
  readonly settings: readonly FoundClaim[]
  readonly claims: ClaimsBySource
  /** Names of merged claims that came neither with the token nor with userinfo: as `provider.groupSource` says, they were asked for elsewhere. */
  readonly fetched: readonly string[]
  /** Names of the claims that say nothing: null, an empty text or one of spaces, an empty list or object. */
  readonly blank: { readonly [Source in ClaimsSource]: readonly string[] }
  /** JSON pointers into `claims` of what is not shown: tokens, and what looks like one. */
  readonly hidden: readonly string[]
  readonly groups: readonly ReportedGroup[]
  readonly roles: readonly ReportedGrant[]
  readonly organizations: readonly ReportedGrant[]
  readonly projects: readonly ReportedGrant[]
  readonly attributes: readonly ReportedGrant[]
  readonly scopes: { readonly asked: readonly string[], readonly granted: readonly string[] }
  readonly sizes: ClaimsSizes
}

export const claimsSources = ['idToken', 'userinfo', 'merged'] as const

export type ClaimsSource = typeof claimsSources[number]

/** `userinfo` is null where the provider was not asked for it. `merged` is what is decided on. */
export interface ClaimsBySource {
  readonly idToken: ClaimsRecord
  readonly userinfo: ClaimsRecord | null
  readonly merged: ClaimsRecord
}

type ClaimsRecord = Readonly<Record<string, unknown>>

/** Something that usually explains why a role is missing, or that will go wrong before long. */
export interface ClaimsHint {
  readonly code: 'groups_claim_absent' | 'roles_claim_absent' | 'groups_overage' | 'values_ignored' | 'scope_not_granted' | 'headers_large' | 'cookie_large'
  /** What there is to know, and what to do. */
  readonly text: string
  /** Claims, scopes or paths that it is about. */
  readonly names: readonly string[]
}

export interface FoundClaim {
  /** Such as `claims.user`. */
  readonly setting: string
  /** A claim's name, or a JSON pointer. */
  readonly claim: string
  /** Where it is and says something; in none: the setting finds nothing. */
  readonly from: readonly ClaimsSource[]
  /** Absent where the setting finds nothing. */
  readonly value?: unknown
}

export interface ReportedGroup {
  /** The name that it has here. */
  readonly name: string
  /** Where it was found: the claim. */
  readonly claim: string
  /** What the provider calls it, where it was renamed. */
  readonly renamedFrom?: string
  /** The setting that left it out. */
  readonly dropped?: string
}

/** Something that somebody has here, with each setting that gave it. */
export interface ReportedGrant {
  readonly name: string
  /** Roles in an organization or a project, or what an attribute holds. */
  readonly holds?: readonly string[] | boolean
  readonly by: string
  /** The group or role that matched it, as the person has it. */
  readonly matched?: string
  /** The setting that took it away again. */
  readonly dropped?: string
  /** With a `when`: the providers that it names. */
  readonly onlyAt?: readonly string[]
}

/** In bytes. */
export interface ClaimsSizes {
  /** The session’s cookies, as the browser sends them. */
  readonly cookie: { readonly bytes: number, readonly count: number }
  /** What each application receives about the person with every request. */
  readonly headers: ReadonlyArray<{ readonly path: string, readonly bytes: number }>
}
