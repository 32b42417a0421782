import { type Identity } from '../mapping/index.ts'
import { type FoundSession, type Sessions, type Tokens } from '../sessions/index.ts'
import { type SignInParts } from './parts.ts'
import { type ProviderAnswer } from './provider.ts'

type Start = ReturnType<Sessions['start']>

/**
 * Starts the session of somebody who has signed in, with what something needs of the provider's answer and nothing else.
 * Where that does not fit into cookies, it goes without the id_token, which only makes the sign-out smoother.
 */
export async function startSession ({ claims: _claims, allClaims, tokens, ...answer }: ProviderAnswer, identity: Identity, found: FoundSession, { sessions, keeps }: SignInParts): Start {
  const { idToken, ...others } = tokens
  const kept = keeps.accessToken ? others : {}
  const start = (held: Tokens): Start => sessions.start({ identity, ...answer, ...keeps.allClaims && { allClaims }, ...Object.keys(held).length > 0 && { tokens: held } }, found)
  const started = idToken === undefined ? undefined : await start({ ...kept, idToken })
  return started ?? await start(kept)
}
