import { once } from 'node:events'
import { lstatSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { errorCode } from './configuration.ts'

/** The address can't be listened on. The message says why, for the administrator. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

type ListenOptions = { readonly host: string, readonly port: number } | { readonly path: string }

/** @param listen `host:port` or `unix:/path`, as the configuration has it */
function listenOptions (listen: string): ListenOptions {
  if (listen.startsWith('unix:')) return { path: listen.slice('unix:'.length) }
  const colon = listen.lastIndexOf(':')
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '')
  // For this name Fastify would start a second server, for IPv6, that knows nothing of what was set on the first.
  return { host: host === 'localhost' ? '127.0.0.1' : host, port: Number(listen.slice(colon + 1)) }
}

const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** Where on this machine to reach whoever listens there. @param listen `host:port` or `unix:/path` */
export function connectOptions (listen: string): { readonly host: string, readonly port: number } | { readonly socketPath: string } {
  const options = listenOptions(listen)
  if ('path' in options) return { socketPath: options.path }
  return { host: everywhere[options.host] ?? options.host, port: options.port }
}

/**
 * Listens; a socket file that a killed process left behind is removed first, and nothing else ever is.
 *
 * @throws {ListenError} where the address is taken, not permitted, or none of this machine
 */
export async function listenOn (listen: string, start: (options: ListenOptions) => Promise<unknown>): Promise<void> {
  const options = listenOptions(listen)
  if ('path' in options) await removeAbandonedSocket(options.path)
  try {
    await start(options)
  } catch (error) {
    const reason = reasons[errorCode(error)]
    throw reason === undefined ? error : new ListenError(`${reason} (${listen})`, { cause: error })
  }
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'not an address of this machine',
  ENOTFOUND: 'unknown host',
  EACCES: 'permission denied',
  ENOENT: 'the folder does not exist',
  EINVAL: 'not an address to listen on'
}

async function removeAbandonedSocket (path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket()) throw new ListenError(`expected a socket or nothing at this path, found something else (unix:${path})`)
  const answer = await answerOf(path)
  if (answer === 'connected') throw new ListenError(`address already in use (unix:${path})`)
  if (answer !== 'ECONNREFUSED') throw new ListenError(`a socket is there that can’t be asked whether it is in use: ${answer} (unix:${path})`)
  rmSync(path)
}

async function answerOf (path: string): Promise<string> {
  const socket = connect(path)
  try {
    await once(socket, 'connect')
    return 'connected'
  } catch (error) {
    return errorCode(error)
  } finally {
    socket.destroy()
  }
}
