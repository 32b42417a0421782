import { type Attribute } from './identity.ts'

/** The slices of the configuration that decide what claims become. Checked and complete: nothing is validated here. */
export interface MappingSettings {
  /** Those of which some settings differ. */
  readonly providers?: readonly ProviderMappingSettings[] | undefined
  readonly claims: ClaimNames
  readonly groups: GroupSettings
  readonly roles: RoleSettings
  readonly organizations: { readonly default?: string | undefined }
  /** Names or JSON pointers of the claims that rules and header templates refer to. */
  readonly keepClaims: readonly string[]
}

/** What one of several providers calls its claims and groups; what is absent is as for all. */
export interface ProviderMappingSettings {
  readonly id: string
  readonly claims: { readonly [Setting in keyof ClaimNames]?: ClaimNames[Setting] | undefined }
  readonly groups: { readonly [Setting in keyof GroupSettings]?: GroupSettings[Setting] | undefined }
}

/** Which claim holds what: a name, or a JSON pointer (RFC 6901) that begins with a slash. */
export interface ClaimNames {
  readonly user: string
  readonly email: string
  readonly name: string
  readonly firstName: string
  readonly lastName: string
  readonly groups: string
  /** How a groups claim that is one text is divided. */
  readonly groupsSeparator: Separator
  /** Where the claim holds objects: the property that names the group. */
  readonly groupsProperty?: string | undefined
  readonly roles?: string | undefined
  readonly rolesSeparator: Separator
  readonly rolesProperty?: string | undefined
  readonly requireEmail: boolean
}

export type Separator = 'none' | 'comma' | 'semicolon' | 'space'

export interface GroupSettings {
  readonly rename: Readonly<Record<string, string | readonly string[]>>
  /** Source of a regular expression, which is searched for anywhere in the name. */
  readonly filter?: string | undefined
  readonly allow: readonly string[]
  readonly require: readonly string[]
}

export interface RoleSettings {
  readonly default: readonly string[]
  readonly allow?: readonly string[] | undefined
  readonly mapping: Readonly<Record<string, GrantSettings>>
}

/** What membership of one group, or one role of the roles claim, grants. */
export interface GrantSettings {
  /** Only for who signed in at one of these providers. */
  readonly when?: { readonly providers: readonly string[] } | undefined
  readonly roles: readonly string[]
  readonly attributes: Readonly<Record<string, Attribute>>
  readonly organizations: Readonly<Record<string, readonly string[]>>
  readonly projects: Readonly<Record<string, readonly string[]>>
}
