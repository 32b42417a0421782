import { type Assertions } from '../assertion/index.ts'
import { assertionClaims } from './assertion-claims.ts'
import { type Caller } from './authenticate.ts'
import { type UpstreamRoute } from './choose-upstream.ts'
import { assertionHeader } from './identity-profile.ts'

/** What an application is told of somebody with every request, for whoever measures it: name, value, name, value… */
export async function callerHeaders (caller: Caller, { profile, audience }: UpstreamRoute, assertions: Assertions): Promise<string[]> {
  const signed = await assertions.about(caller, audience, () => assertionClaims(caller))
  return [...profile.headersOf(caller), assertionHeader, signed]
}
