import { type Identity } from '../mapping/index.ts'
import { type FoundSession, type Sessions, type Tokens } from '../sessions/index.ts'
import { type SignInParts } from './parts.ts'
import { type SignInAnswer } from './provider-answer.ts'
import { tokensToKeep } from './received-tokens.ts'

type Start = ReturnType<Sessions['start']>

/**
 * Starts the session of somebody who has signed in, with what something needs of the provider's answer and nothing else.
 * Where that does not fit into cookies, it goes without the id_token, which only makes the sign-out smoother.
 */
export async function startSession (answer: SignInAnswer, identity: Identity, found: FoundSession, parts: SignInParts): Start {
  const { authTime, acr, amr, providerSessionId, allClaims } = answer
  const start = (tokens: Tokens | undefined): Start => parts.sessions.start({ identity, authTime, acr, amr, providerSessionId, ...parts.keeps.allClaims && { allClaims }, ...tokens !== undefined && { tokens } }, found)
  const tokens = tokensToKeep(answer, identity, parts)
  const started = await start(tokens)
  if (started !== undefined || tokens?.idToken === undefined) return started
  const { idToken: _idToken, ...others } = tokens
  return await start(Object.keys(others).length === 0 ? undefined : others)
}
