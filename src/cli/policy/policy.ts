import { createAccess, type Decision, referencedClaims } from '../../access/index.ts'
import { type Configuration, providersOf } from '../../config/index.ts'
import { type Claims, createMapping, type Identity, type MappingResult } from '../../mapping/index.ts'
import { canonicalPath, isUnderBasePath } from '../../pipeline/index.ts'
import { canonicalAddress, createKnownHosts } from '../../request-origin/index.ts'
import { type Authentication, authenticationOf } from '../../step-up.ts'
import { requirementsJudge, type RequirementVerdict } from './requirements.ts'
import { type SignInTerm, termsOf } from './sign-in-terms.ts'

/** Who claims make of somebody, and whether they are let in. */
export interface Admission extends MappingResult {
  readonly terms: readonly SignInTerm[]
}

export interface AskedRequest {
  readonly method: string
  /** The path, with its query if there is one. */
  readonly path: string
  /** Default: that of the public URL. */
  readonly host?: string | undefined
  /** The client’s IP address. Absent: it is not known, which no rule that goes by addresses lets pass. */
  readonly address?: string | undefined
}

/** A decision, or why there is none to take: the target is refused, or it is one of the gateway’s own routes. */
export type RequestVerdict = AskedRequest &
  ((Decision & { readonly requirements: readonly RequirementVerdict[] }) | { readonly outcome: 'target_invalid' | 'target_too_long' | 'host_unknown' | 'own_route' })

/** What becomes of somebody, of a request, or of both. */
export interface Outcome {
  readonly admission?: Admission | undefined
  readonly request?: RequestVerdict | undefined
}

/** The policy of one configuration, compiled once, that answers as the gateway would. */
export interface Policy {
  readonly providers: readonly string[]
  /** @throws Problem `provider_failed` where `sub` is not text */
  readonly admit: (claims: Claims, provider: string) => Admission
  /** @param caller nobody: a request without a session */
  readonly decide: (asked: AskedRequest, caller?: { readonly identity: Identity, readonly claims: Claims }) => RequestVerdict
}

export function createPolicy (configuration: Configuration): Policy {
  const { access, server } = configuration
  const providers = providersOf(configuration)
  const mapping = createMapping({ ...configuration, providers, keepClaims: referencedClaims(access.rules) })
  const rules = createAccess(access)
  const requirementsOf = requirementsJudge(access.rules)
  const publicUrl = new URL(server.publicUrl)
  const knownHost = createKnownHosts(publicUrl, server.hosts)

  return {
    providers: providers.map(({ id }) => id),
    admit (claims, provider) {
      const mapped = mapping(claims, provider)
      return { ...mapped, terms: termsOf(configuration, provider, mapped.refusal) }
    },
    decide (asked, caller) {
      const host = knownHost(asked.host ?? publicUrl.host)
      if (host === undefined) return { ...asked, outcome: 'host_unknown' }
      const admitted = canonicalPath(asked.path)
      if (!admitted.ok) return { ...asked, outcome: admitted.code }
      if (isUnderBasePath(admitted.readings, server.basePath)) return { ...asked, outcome: 'own_route' }
      const request = { ...admitted, method: asked.method, host, clientAddress: canonicalAddress(asked.address ?? '') ?? '' }
      const authentication = caller && authenticationIn(caller.claims)
      const decision = rules.decide(request, caller?.identity, authentication)
      return { ...asked, ...decision, requirements: caller === undefined ? [] : requirementsOf(decision.rule, request, caller.identity, authentication) }
    }
  }
}

/** As the claims of an id_token say at its own time (`iat`): they are not about now. */
function authenticationIn ({ acr, auth_time: authTime, iat = authTime }: Claims): Authentication {
  return authenticationOf({
    ...typeof acr === 'string' && { acr },
    ...typeof authTime === 'number' && { authTime }
  }, Number(iat) * 1000, 0)
}
