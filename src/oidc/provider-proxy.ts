/** The proxy that the process's environment names, as every program reads it: HTTPS_PROXY, HTTP_PROXY, NO_PROXY. */
export interface ProxySettings {
  readonly httpsProxy: string
  readonly httpProxy: string
  /** Hosts, separated by commas, that are reached directly. */
  readonly noProxy: string
}

/** A proxy whose address can't be used. The message holds nothing of the address: there may be a password in it. */
class ProxyAddressError extends Error {
  override readonly name = 'ProxyAddressError'
}

/** Lower case first, as curl has it; undefined where no proxy is named. @throws {ProxyAddressError} */
export function proxyFrom (environment: Readonly<Record<string, string | undefined>>): ProxySettings | undefined {
  const read = (name: string) => (environment[name.toLowerCase()] ?? environment[name] ?? '').trim()
  const [httpsProxy, httpProxy] = ['HTTPS_PROXY', 'HTTP_PROXY'].map((name) => addressOf(name, read(name))) as [string, string]
  return httpsProxy === '' && httpProxy === '' ? undefined : { httpsProxy, httpProxy, noProxy: read('NO_PROXY') }
}

/** `proxy:3128` is http, as curl has it. */
function addressOf (name: string, text: string): string {
  if (text === '') return ''
  const address = text.includes('://') ? text : `http://${text}`
  if (!['http:', 'https:'].includes(URL.parse(address)?.protocol ?? '')) throw new ProxyAddressError(`${name}: expected the address of a proxy such as http://proxy.example.com:3128`)
  return address
}
