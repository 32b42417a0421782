import type * as oauth from 'oauth4webapi'
import { strictAlgorithms } from './client-keys.ts'
import { type ProviderSettings } from './provider-settings.ts'

/**
 * The settings under their profile. FAPI 2.0 pushes every request (Security Profile section 5.3.3.2) and binds every
 * access token: to the client's certificate where there is one, else to a key (section 5.3.3.1).
 */
export function underProfile (settings: ProviderSettings): ProviderSettings {
  if (settings.profile !== 'fapi2') return settings
  return { ...settings, par: 'always', dpop: settings.dpop || settings.clientCertificate === undefined }
}

/** How what the provider signs may be signed under it; `undefined` where it has no say (section 5.4.1). */
export function signingAlgorithmsUnder (profile: ProviderSettings['profile']): readonly string[] | undefined {
  return profile === 'fapi2' ? strictAlgorithms : undefined
}

/** The metadata under it: the answer has to name its issuer (section 5.3.3.2, RFC 9207), and RS256 is no signature (section 5.4.1). */
export function underStrictProfile (server: oauth.AuthorizationServer): oauth.AuthorizationServer {
  const strict = (algorithms: readonly string[] = []) => algorithms.filter((algorithm) => strictAlgorithms.includes(algorithm))
  return {
    ...server,
    authorization_response_iss_parameter_supported: true,
    id_token_signing_alg_values_supported: strict(server.id_token_signing_alg_values_supported),
    userinfo_signing_alg_values_supported: strict(server.userinfo_signing_alg_values_supported),
    // Absent, it would mean RS256 (RFC 9701 section 6).
    introspection_signing_alg_values_supported: strict(server.introspection_signing_alg_values_supported ?? strictAlgorithms)
  }
}
