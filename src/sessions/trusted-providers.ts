import { type Revocations } from './revocations.ts'

/**
 * The same revocations, and with them every session of a provider that is not trusted any more: whoever was taken out of
 * the configuration vouches for nobody, also not for who signed in there before.
 *
 * @param trusted ids of the providers in the configuration
 */
export function revokedWithProvider (revocations: Revocations, trusted: ReadonlySet<string>): Revocations {
  return { ...revocations, isRevoked: (session) => !trusted.has(session.identity.provider) || revocations.isRevoked(session) }
}
