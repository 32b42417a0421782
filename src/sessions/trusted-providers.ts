import { type Revocations } from './revocations.ts'

/**
 * The same revocations, and with them every session of a provider that is not trusted any more: whoever was taken out of
 * the configuration vouches for nobody, also not for who signed in there before.
 *
 * @param isTrusted whether a provider of this id is in the configuration now
 */
export function revokedWithProvider (revocations: Revocations, isTrusted: (provider: string) => boolean): Revocations {
  return { ...revocations, isRevoked: (session) => !isTrusted(session.identity.provider) || revocations.isRevoked(session) }
}
