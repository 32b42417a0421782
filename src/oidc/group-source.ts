import { type Claims } from '../mapping/index.ts'

/** A directory of the provider that knows groups which are not in its claims. */
export interface GroupSource {
  /** Also about people whose claims lack nothing. */
  readonly isAlwaysAsked: boolean
  /** Every group of one person, as the settings want it called. @throws {LoginProblem} `groups_overage_unresolved` */
  groupsOf (person: PersonAsked): Promise<readonly string[]>
}

export interface PersonAsked {
  /** What the provider has signed, or says of a token itself: userinfo must not decide whose groups they are. */
  readonly signed: Claims
  /** The access token that came with them; none where it was issued for somebody else. */
  readonly accessToken: string | undefined
}

/** Which directory is asked, and how: `provider.groupSource` of the configuration. */
export interface GroupSourceSettings {
  readonly kind: 'none' | 'entra' | 'google'
  /** Where the directory is. Never taken from a claim: whoever writes claims could have tokens sent anywhere. */
  readonly url?: string | undefined
  readonly credentials: 'client' | 'user'
  readonly groups: 'security' | 'all'
  readonly names: 'id' | 'displayName'
  /** The JSON of Google's key file. */
  readonly serviceAccountKey?: string | undefined
  /** The administrator in whose name the service account asks. */
  readonly admin?: string | undefined
  readonly tokenUrl?: string | undefined
}
