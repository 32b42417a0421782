import { type Identity } from '../mapping/index.ts'
import { type FoundSession, type Sessions } from '../sessions/index.ts'
import { type SignInParts } from './parts.ts'
import { type SignInAnswer } from './provider-answer.ts'
import { tokensToKeep } from './received-tokens.ts'

/** Starts the session of somebody who has signed in, with what something needs of the provider's answer and nothing else. */
export async function startSession (answer: SignInAnswer, identity: Identity, found: FoundSession, since: number, parts: SignInParts): ReturnType<Sessions['start']> {
  const { allClaims, authTime, acr, amr, providerSessionId } = answer
  const tokens = tokensToKeep(answer, identity, parts)
  return await parts.sessions.start({ identity, authTime, acr, amr, providerSessionId, ...parts.keeps.allClaims && { allClaims }, ...tokens !== undefined && { tokens } }, found, since)
}
