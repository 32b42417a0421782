import { once } from 'node:events'
import { lookup } from 'node:dns/promises'
import { connect, isIP, type TcpNetConnectOpts, type IpcNetConnectOpts } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import { errorCode } from '../configuration.ts'

/** Where somebody listens. */
export type Place = Pick<TcpNetConnectOpts, 'host' | 'port'> | Pick<IpcNetConnectOpts, 'path'>

/** Who vouches for whom in the certificates that a server shows. */
export interface ShownCertificate {
  readonly subject: string
  /** The last of those that vouch, as far as the chain is shown or known. */
  readonly authority: string
  readonly validTo: Date
  /** Such as `DNS:localhost, IP Address:127.0.0.1`. */
  readonly names: string
}

export interface Handshake {
  /** Such as TLSv1.3. */
  readonly protocol: string
  readonly certificate: ShownCertificate
  /** Why it is not trusted, as OpenSSL says it; `undefined` where it is. */
  readonly distrust: string | undefined
}

const patienceMilliseconds = 5_000

/** The host and port of a URL, the brackets of IPv6 taken off. */
export function placeOf (url: URL, defaultPort = url.protocol === 'https:' ? 443 : 80): { readonly host: string, readonly port: number } {
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) }
}

/** @throws an error with the system's code, such as ENOTFOUND */
export async function addressesOf (host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

/** Connects and leaves again: nothing is sent. @throws an error with the system's code, such as ECONNREFUSED */
export async function knock (place: Place): Promise<void> {
  const socket = connect(place as TcpNetConnectOpts)
  try {
    await settled(once(socket, 'connect', { signal: AbortSignal.timeout(patienceMilliseconds) }))
  } finally {
    socket.destroy()
  }
}

/**
 * Shakes hands as Doorward does, and once more without demands where the certificate is not trusted, to see whose it is.
 * Nothing is sent over either. @throws an error with a code where there is no handshake
 */
export async function shakeHands (place: { readonly host: string, readonly port: number }, options: ConnectionOptions): Promise<Handshake> {
  try {
    return await handshake(place, options)
  } catch (error) {
    const { cert: _cert, key: _key, ...anonymous } = options
    const seen = isDistrust(error) ? await handshake(place, { ...anonymous, rejectUnauthorized: false }) : undefined
    if (seen === undefined) throw error
    return { ...seen, distrust: errorCode(error) }
  }
}

async function handshake ({ host, port }: { readonly host: string, readonly port: number }, options: ConnectionOptions): Promise<Handshake> {
  const socket = connectTls({ ...options, host, port, ...isIP(host) === 0 && { servername: host } })
  try {
    await settled(once(socket, 'secureConnect', { signal: AbortSignal.timeout(patienceMilliseconds) }))
    return { protocol: socket.getProtocol() ?? 'TLS', certificate: shownBy(socket), distrust: undefined }
  } finally {
    socket.destroy()
  }
}

/** The signal's own error says nothing of what was waited for. */
async function settled (event: Promise<unknown>): Promise<void> {
  await event.catch((error: unknown) => {
    throw error instanceof Error && error.name === 'AbortError' ? Object.assign(new Error('no answer', { cause: error }), { code: 'ETIMEDOUT' }) : error
  })
}

function shownBy (socket: TLSSocket): ShownCertificate {
  const shown = socket.getPeerCertificate(true)
  let last: DetailedPeerCertificate = shown
  // The root vouches for itself.
  while (last.issuerCertificate !== undefined && last.issuerCertificate !== last) last = last.issuerCertificate
  return { subject: nameOf(shown.subject), authority: nameOf(last.issuer), validTo: new Date(shown.valid_to), names: shown.subjectaltname ?? '' }
}

function nameOf (entity: DetailedPeerCertificate['subject'] | undefined): string {
  return [entity?.CN ?? entity?.O ?? entity?.OU].flat()[0] ?? 'somebody without a name'
}

/** By the codes of OpenSSL's verification and of Node's comparison of names. */
function isDistrust (error: unknown): boolean {
  return /CERT|SIGNATURE|CRL|ALTNAME/.test(errorCode(error)) && !/^ERR_SSL/.test(errorCode(error))
}
