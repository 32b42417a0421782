import { keyOf, type Revocation, type Revocations } from './revocations.ts'
import { type Session } from './session.ts'
import { type Shelf } from './shelf.ts'

/**
 * Sessions by the name that the provider has for them (`sid`), for who asks to end one and proves nothing. Anybody may
 * make names up: those that no session here has must leave nothing that others have to remember, or a flood of them
 * would push out what was revoked with good reason.
 */
export interface NamedSessions {
  /** A session begins. @throws {Problem} where that can't be noted */
  note (session: Session): void | Promise<void>
  /** Ends what is called so, once it began here. @returns whether it did. @throws {Problem} where that can't be known or noted */
  end (revocation: NamedRevocation): Promise<boolean>
  isEnded (session: Session): boolean
}

export type NamedRevocation = Extract<Revocation, { readonly provider: string }> & { readonly by: 'sid' }

export interface NamedSessionsParts {
  /** Where the names lie of sessions that began. */
  readonly names: Shelf
  readonly revocations: Revocations
  /**
   * In room of its own, what was asked for in vain: sessions in cookies outlive a process that noted their names. Whoever
   * fills it pushes out only what others have asked for in vain.
   */
  readonly unproven: Revocations
  /** In milliseconds. */
  readonly longestLifetime: () => number
}

export function createNamedSessions ({ names, revocations, unproven, longestLifetime }: NamedSessionsParts): NamedSessions {
  return {
    note ({ providerSessionId: value, identity: { provider } }) {
      if (value !== undefined) return names.put(keyOf({ by: 'sid', value, provider }), '', longestLifetime())
    },
    async end (revocation) {
      const isKnown = await names.take(keyOf(revocation)) !== undefined
      await (isKnown ? revocations : unproven).revoke(revocation)
      return isKnown
    },
    isEnded: (session) => unproven.isRevoked(session)
  }
}
