/** What keeps Redis from answering, by what the client and the system call it, and what to do. */
const words: ReadonlyArray<readonly [causes: RegExp, reason: string]> = [
  [/NOAUTH|WRONGPASS/, 'it does not accept session.redis.username and session.redis.password'],
  [/NOPERM/, 'the user of session.redis may not run what Doorward needs'],
  [/READONLY/, 'it is a replica: session.redis has to lead to the master'],
  [/MOVED|CROSSSLOT/, 'it is a cluster: session.redis.cluster has to be true'],
  [/OOM/, 'its memory is full'],
  [/ENOTFOUND|EAI_AGAIN/, 'the host name of session.redis is not found'],
  [/ECONNREFUSED/, 'nothing listens where session.redis leads'],
  [/CERT|SIGNATURE/, 'its certificate is not trusted: a company’s own authority belongs into session.redis.caFile'],
  [/ETIMEDOUT|no answer|ECONNRESET|EPROTO|SSL|enableOfflineQueue|connection has ended|Connection is closed/, 'it does not answer in time, or does not speak TLS where session.redis says rediss://, or the other way round']
]

/** Why Redis can't be used, in words and with the cause in parentheses: for the log and for `/readyz`. @param cause without secrets */
export function storeOutageReason (cause: string): string {
  const [, reason] = words.find(([causes]) => causes.test(cause)) ?? []
  // A word of the library's says nothing to whoever reads it.
  if (reason === undefined) return cause
  return /enableOfflineQueue/.test(cause) ? reason : `${reason} (${cause})`
}
