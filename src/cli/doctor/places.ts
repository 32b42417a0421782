import { type ConnectionOptions } from 'node:tls'
import { errorCode } from '../configuration.ts'
import { type Check, check, checkAfter, type Finding, found } from './check.ts'
import { addressesOf, type Handshake, knock, type Place, placeOf, shakeHands, type ShownCertificate } from './reach.ts'

/** Something that is reached over the network, and the settings that have to do with it. */
export interface Destination {
  /** http or https. */
  readonly url: URL
  /** The setting that holds the address, such as `provider.issuer`. */
  readonly setting: string
  /** The setting for an authority of one's own. */
  readonly caSetting: string
  readonly tls: ConnectionOptions
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const whatToDo: Readonly<Record<string, string>> = {
  ENOTFOUND: 'correct the name, or the DNS of this machine, which does not know it',
  EAI_AGAIN: 'look at the DNS of this machine: it does not answer',
  ECONNREFUSED: 'nothing listens there: start it, or correct the port',
  ENOENT: 'there is no such socket: start the application, or correct the path',
  EACCES: 'let the user that runs Doorward reach it',
  EHOSTUNREACH: 'let this machine reach it: a firewall, a network policy or a missing route is between',
  ENETUNREACH: 'let this machine reach it: a firewall, a network policy or a missing route is between',
  ETIMEDOUT: 'let this machine reach it: it is off, or a firewall drops what is sent'
}

/** DNS, TCP and TLS, each on its own: what goes wrong in one is put right by others than what goes wrong in the next. */
export function reachChecks (destination: Destination): Readonly<Record<'address' | 'connection' | 'certificate', Check<true>>> {
  const { url } = destination
  const place = placeOf(url)
  const address = check('address', () => lookUp(place.host, destination))
  const connection = checkAfter(address, 'connection', () => connectTo(place, destination))
  const certificate = checkAfter(connection, 'certificate', async () => url.protocol === 'https:'
    ? await secure(place, destination)
    : { finding: found.skipped('plain http has none'), value: true as const })
  return { address, connection, certificate }
}

type Reached = { readonly finding: Finding, readonly value?: true }

async function lookUp (host: string, { setting }: Destination): Promise<Reached> {
  try {
    return { finding: found.ok(`${host} is ${(await addressesOf(host)).join(', ')}`), value: true }
  } catch (error) {
    return { finding: found.failed(`${host} is not found (${errorCode(error)})`, `${setting}: ${whatToDo[errorCode(error)] ?? 'look at the DNS of this machine'}`) }
  }
}

/** Whether somebody listens. */
export async function connectTo (place: Place, { setting }: Pick<Destination, 'setting'>): Promise<Reached> {
  const where = 'path' in place ? place.path : `port ${place.port}`
  try {
    await knock(place)
    return { finding: found.ok(`${where} accepts connections`), value: true }
  } catch (error) {
    return { finding: found.failed(`${where} can’t be reached (${errorCode(error)})`, `${setting}: ${whatToDo[errorCode(error)] ?? 'look at what is between'}`) }
  }
}

async function secure (place: { readonly host: string, readonly port: number }, destination: Destination): Promise<Reached> {
  try {
    const handshake = await shakeHands(place, destination.tls)
    const finding = judgeHandshake(handshake, place.host, destination)
    return finding.outcome === 'failed' ? { finding } : { finding, value: true }
  } catch (error) {
    return { finding: found.failed(`there is no TLS handshake (${errorCode(error)})`, `${destination.setting}: what listens there does not speak TLS 1.2 or newer, or wants a certificate of Doorward’s own`) }
  }
}

const dayMilliseconds = 24 * 60 * 60 * 1000
const soonDays = 14

function judgeHandshake ({ protocol, certificate, distrust }: Handshake, host: string, destination: Destination): Finding {
  if (distrust !== undefined && destination.tls.rejectUnauthorized !== false) return distrusted(distrust, certificate, host, destination)
  const what = `${protocol}, ${described(certificate)}`
  const days = Math.floor((certificate.validTo.getTime() - destination.now()) / dayMilliseconds)
  if (days >= soonDays) return found.ok(what)
  return days < 0
    ? found.warning(`${what}: it has expired, and ${destination.caSetting.replace('caFile', 'verify')} is false`, 'renew it where it is used')
    : found.warning(`${what}: that is in ${days === 1 ? 'one day' : `${days} days`}`, 'renew it where it is used, before that day')
}

function distrusted (code: string, certificate: ShownCertificate, host: string, { caSetting, setting, now }: Destination): Finding {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return found.failed(`the certificate is for ${certificate.names || certificate.subject}, not for ${host} (${code})`, `write a name in ${setting} that is in the certificate, or give the server one for ${host}`)
  const what = `${described(certificate)}, and not trusted (${code})`
  const authorityExpired = `what has expired is a certificate that vouches for it: put the new one of the authority (${certificate.authority}) into ${caSetting}, or renew what the server sends with its own`
  if (code === 'CERT_HAS_EXPIRED') return found.failed(what, `${certificate.validTo.getTime() < now() ? 'renew it where it is used' : authorityExpired}; the clock here says ${new Date(now()).toISOString()}`)
  if (code === 'CERT_NOT_YET_VALID') return found.failed(what, `look at the clock of this machine, which says ${new Date(now()).toISOString()}`)
  return found.failed(what, `put the certificate of the authority (${certificate.authority}) as PEM into a file and name it in ${caSetting}; if you don’t know that authority, somebody may be between`)
}

function described ({ subject, authority, validTo }: ShownCertificate): string {
  return `certificate of ${subject} by ${authority}, valid until ${validTo.toISOString().slice(0, 10)}`
}
