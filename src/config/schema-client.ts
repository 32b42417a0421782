import { z } from 'zod'
import { filePath } from './values.ts'

const privateKey = z.string().min(1, { error: 'expected a private key as PEM or JWK' })

/** How Doorward shows a provider who it is: part of the provider's section. */
export const clientSettings = {
  clientId: z.string().min(1).describe('Client id registered at the provider.'),
  clientSecret: z.string().min(1).meta({ writeOnly: true }).optional().describe('Client secret registered at the provider.'),
  clientSecretFile: filePath.optional().describe('File that holds `clientSecret`.'),
  clientAuth: z.enum(['auto', 'client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth', 'none']).default('auto')
    .describe('How Doorward authenticates to the provider. `auto` takes the strongest for which something is configured and that the provider supports: private_key_jwt with `clientKey`, tls_client_auth or self_signed_tls_client_auth with `clientCertificate`, then with `clientSecret` client_secret_basic, client_secret_post, client_secret_jwt; `none` without any of them.'),
  clientKey: privateKey.meta({ writeOnly: true }).optional()
    .describe('Private key for private_key_jwt as PEM or JWK: RSA of at least 2048 bits, EC on P-256, P-384 or P-521, or Ed25519. Its public half is published at `/oidc/client-jwks`.'),
  clientKeyFile: filePath.optional().describe('File that holds `clientKey`.'),
  previousClientKeys: z.array(privateKey).meta({ writeOnly: true }).prefault([])
    .describe('Other keys of the client, private or public: still, or already, published at `/oidc/client-jwks`, and never used.'),
  previousClientKeysFile: filePath.optional().describe('File that holds `previousClientKeys`: PEM blocks, or a JWK Set.'),
  clientAssertionAudience: z.enum(['issuer', 'token_endpoint']).default('issuer')
    .describe('Whom client_secret_jwt and private_key_jwt are meant for (`aud`): the issuer, or the address of the token endpoint for a provider that knows no better.'),
  clientCertificate: z.strictObject({
    certFile: filePath.describe('Certificate chain in PEM, the client’s own first.'),
    keyFile: filePath.describe('Private key in PEM.')
  }).optional().describe('Certificate shown to the provider on every connection (mutual TLS, RFC 8705): for tls_client_auth, self_signed_tls_client_auth and access tokens that are bound to it.')
}
