import { closeSync, openSync, readSync } from 'node:fs'

/** Reads a text file; throws an error with a `code`. */
export type ReadFile = (path: string) => string

const mostBytes = 1024 * 1024

/** Reads UTF-8 text of at most 1 MiB: nothing that a configuration names is larger, and a device never ends. */
export function readTextFile (path: string): string {
  const descriptor = openSync(path, 'r')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readBytes(descriptor))
  } finally {
    closeSync(descriptor)
  }
}

function readBytes (descriptor: number): Buffer {
  const buffer = Buffer.alloc(mostBytes + 1)
  let length = 0
  for (;;) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, null)
    length += count
    if (length > mostBytes) throw Object.assign(new Error('file too large'), { code: 'EFBIG' })
    if (count === 0) return buffer.subarray(0, length)
  }
}

const faults: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  EACCES: 'can’t be read: permission denied',
  EISDIR: 'is a directory, not a file',
  EFBIG: 'is larger than 1 MiB',
  ERR_NOT_A_FILE: 'is a pipe or a device, and those are read at the start alone',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'is not UTF-8 text'
}

/** Why a file could not be read, for the administrator: its path and the reason, never what it holds. */
export function unreadable (path: string, error: unknown): string {
  const code = errorCode(error)
  return `${path} ${faults[code] ?? `can’t be read: ${code}`}`
}

export function isAbsent (error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(errorCode(error))
}

function errorCode (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown reason'
}
