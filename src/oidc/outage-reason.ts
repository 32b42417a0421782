import { errorCode } from './error-parts.ts'

/** What a failed connection comes to, by the codes of Node, undici and OpenSSL. */
const connectionWords: ReadonlyArray<readonly [codes: RegExp, words: string]> = [
  [/^(ENOTFOUND|EAI_AGAIN)$/, 'the host name of provider.issuer is not found'],
  [/^ECONNREFUSED$/, 'nothing listens where provider.issuer leads'],
  [/^(EHOSTUNREACH|ENETUNREACH|EACCES|EPERM)$/, 'the network does not let Doorward reach the provider'],
  [/^(ETIMEDOUT|UND_ERR_\w*TIMEOUT)$/, 'the provider does not answer in time'],
  [/^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/, 'the provider ends the connection before its answer is whole'],
  [/^UND_ERR_RES_EXCEEDED_MAX_SIZE$/, 'the provider’s answer is larger than 1 MiB'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'the provider’s certificate is for another name than that in provider.issuer'],
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, 'by the clock here, the provider’s certificate or one that vouches for it, such as that in provider.caFile, is not valid now'],
  [/CERT|SIGNATURE/, 'the provider’s certificate is not trusted: a company’s own authority belongs into provider.caFile'],
  [/^(ERR_SSL_|EPROTO)/, 'the provider does not speak TLS as Doorward does'],
  [/^OAUTH_/, 'the provider’s metadata are not a discovery document']
]

/** Why the provider's metadata can't be had, in words and the code of the error: for logs and for `/readyz`. Bounded, and without secrets. */
export function outageReason (error: unknown): string {
  const code = errorCode(error)
  if (error instanceof DOMException) return 'the provider does not answer in time'
  // Ours: the message was written for this.
  if (error instanceof Error && isExplained(error)) return error.message
  const [, words = 'the provider’s metadata can’t be read'] = connectionWords.find(([codes]) => code !== undefined && codes.test(code)) ?? []
  return code === undefined ? words : `${words} (${code})`
}

function isExplained ({ name }: Error): boolean {
  return ['ProviderAnswerError', 'InsecureEndpointError'].includes(name)
}
