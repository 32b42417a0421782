import { openSync } from 'node:fs'
import { pino } from 'pino'

export interface Destination {
  write (line: string): void
  /** Writes what is still buffered, before the process ends. */
  flush (): void
}

/** Past this, lines are dropped rather than kept: a reader that has stopped must not take the gateway with it. */
const maxBufferedBytes = 16 * 1024 * 1024
const standardOutput = 1

/**
 * Lines to standard output or to the end of a file, written in the background: a slow disk or a full pipe never holds
 * up a request. @throws where the file can't be opened
 */
export function openDestination (target: string): Destination {
  const fd = target === 'stdout' ? standardOutput : openSync(target, 'a', 0o640)
  const stream = pino.destination({ fd, sync: false, maxLength: maxBufferedBytes })
  let isStuck = false
  // The disk is full or the pipe is closed. There is nobody left to tell, and people must still get in and out.
  stream.on('error', () => { isStuck = true })
  stream.on('write', () => { isStuck = false })
  // Where a write fails, sonic-boom tries again and again, also at exit: the process would never end.
  const flushSync = stream.flushSync.bind(stream)
  stream.flushSync = () => { if (!isStuck) flushSync() }
  return {
    write: (line) => { stream.write(line) },
    flush () {
      try {
        stream.flushSync()
      } catch {
        // Not open yet, or closed by the other side: nothing can be written any more.
      }
    }
  }
}
