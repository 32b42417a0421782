import { constants, fstatSync, openSync } from 'node:fs'

/** Where lines end up: a descriptor for now, and another one on demand. */
export interface OutputFile {
  /** @throws where it can't be opened; `ENXIO` for a FIFO that nobody reads yet */
  open (): number
  /** Whether the same place can be opened again: not so the standard output that was handed over. */
  readonly canReopen: boolean
}

const standardOutput = 1
const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants
/** For its owner, and to be read by its group. */
const mode = 0o640

/**
 * A path, opened so that nothing waits: a FIFO that nobody reads would hold up the open, a full one the write, and the
 * thread that is stuck in the write would hold up the end of the process.
 */
export function namedFile (path: string): OutputFile {
  return { canReopen: true, open: () => openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, mode) }
}

/** A pipe is opened anew: `O_NONBLOCK` on the one handed over would reach every process that shares it. */
export function standardOutputFile (): OutputFile {
  return {
    canReopen: false,
    open () {
      if (!fstatSync(standardOutput).isFIFO()) return standardOutput
      try {
        return openSync(`/dev/fd/${standardOutput}`, O_WRONLY | O_NONBLOCK)
      } catch {
        // It belongs to another user, or there is no such folder.
        return standardOutput
      }
    }
  }
}
