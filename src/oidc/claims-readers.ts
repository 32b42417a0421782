import { type ClaimNames, type Identity } from '../mapping/index.ts'
import { type Session } from '../sessions/index.ts'

/** What the claims page has to know of the configuration, and of what is behind the gateway. */
export interface ClaimsPageParts {
  /** Whoever has one of them may see it; without any there is no such page. */
  readonly roles: readonly string[]
  /** What the settings call the claims of a provider. */
  readonly namesAt: (provider: string) => ClaimNames
  /** What each application is told of somebody, in bytes. */
  readonly headerSizes: (session: Session) => Promise<ReadonlyArray<{ readonly path: string, readonly bytes: number }>>
}

export function isReader ({ roles }: Identity, claimsPage: ClaimsPageParts): boolean {
  return claimsPage.roles.some((role) => roles.includes(role))
}
