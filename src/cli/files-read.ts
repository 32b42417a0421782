import { createHash } from 'node:crypto'
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type ReadFile, readTextFile } from '../config/index.ts'

/** The files that a configuration was read from: itself, and those that it names. */
export interface FilesRead {
  /** Reads a file, and remembers that it was asked for, also where it can't be read. */
  readonly readFile: ReadFile
  /** As they were asked for → what tells one content from another; it gives nothing away of it. */
  readonly seen: ReadonlyMap<string, string>
  /** What is no file, such as a pipe or a device → its text. */
  readonly once: ReadonlyMap<string, string>
}

/**
 * @param cwd where relative paths begin
 * @param before what was read earlier. A pipe tells what it holds once: it is asked at the start alone, since whoever asks
 * again would wait for an answer, and everybody with him
 */
export function recordFiles (cwd: string, before?: FilesRead): FilesRead {
  const seen = new Map<string, string>()
  const once = new Map<string, string>()

  function read (path: string): string {
    const place = resolve(cwd, path)
    if (statSync(place).isFile()) return readTextFile(place)
    const text = (before?.once ?? once).get(path) ?? (before === undefined ? readTextFile(place) : undefined)
    if (text === undefined) throw Object.assign(new Error('not a file'), { code: 'ERR_NOT_A_FILE' })
    once.set(path, text)
    return text
  }

  return {
    seen,
    once,
    readFile (path) {
      try {
        const text = read(path)
        seen.set(path, digest(text))
        return text
      } catch (error) {
        seen.set(path, 'unreadable')
        throw error
      }
    }
  }
}

/** The same files as they are now. */
export function readAgain (files: FilesRead, cwd: string): FilesRead {
  const now = recordFiles(cwd, files)
  for (const path of files.seen.keys()) {
    try {
      now.readFile(path)
    } catch { /* that it can't be read is remembered */ }
  }
  return now
}

/** Those that hold something else, or that only one of the two knows. */
export function changedFiles (before: FilesRead, after: FilesRead): string[] {
  const paths = new Set([...before.seen.keys(), ...after.seen.keys()])
  return [...paths].filter((path) => before.seen.get(path) !== after.seen.get(path))
}

function digest (text: string): string {
  return createHash('sha256').update(text).digest('base64')
}
