import { once } from 'node:events'
import { openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'

export interface Destination {
  write (line: string): void
  /** Resolves once what is buffered is written, or can't be: after a second at most. Never rejects. */
  flush (): Promise<void>
}

/** Past this, lines are dropped rather than kept: a reader that has stopped must not take the gateway with it. */
const maxBufferedBytes = 16 * 1024 * 1024
const flushMilliseconds = 1_000
const standardOutput = 1

/**
 * Lines to standard output or to the end of a file, written in the background: a slow disk or a full pipe never holds
 * up a request. What can't be written is kept and tried again with the next line.
 *
 * @param onError told once for each time that writing begins to fail
 * @throws where the file can't be opened
 */
export function openDestination (target: string, onError: (error: Error) => void): Destination {
  const fd = target === 'stdout' ? standardOutput : openSync(target, 'a', 0o640)
  const stream = pino.destination({ fd, sync: false, maxLength: maxBufferedBytes })
  let state: 'idle' | 'writing' | 'failing' | 'closed' = 'idle'
  stream.on('drain', () => { state = 'idle' })
  stream.on('write', () => { state = 'writing' })
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (state === 'idle' || state === 'writing') onError(error)
    // Nobody will ever read the pipe again: pino gives it up.
    state = error.code === 'EPIPE' ? 'closed' : 'failing'
  })
  // Where a write fails, sonic-boom tries again and again, also at exit: the process would never end.
  const flushSync = stream.flushSync.bind(stream)
  stream.flushSync = () => { if (state === 'writing') flushSync() }

  function write (line: string): void {
    if (state === 'idle') state = 'writing'
    stream.write(line)
  }
  return {
    write,
    async flush () {
      if (state === 'idle' || state === 'closed') return
      const drained = once(stream, 'drain').catch(() => {})
      // Begins again where the last write failed.
      write('')
      await Promise.race([drained, delay(flushMilliseconds)])
    }
  }
}
