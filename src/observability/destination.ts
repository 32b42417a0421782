import { LineWriter } from './line-writer.ts'
import { namedFile, standardOutputFile } from './output-file.ts'

export interface Destination {
  /** Never waits and never throws. A line that there is no room for is counted, and gone. */
  write (line: string): void
  /** How many lines are gone so far. */
  dropped (): number
  /** Goes on in a new file of the same name, after what is being written; where there is none to be had, in the old one. */
  reopen (): void
  /** Resolves once what is kept is written, or can't be: after a second at most. Never rejects. */
  flush (): Promise<void>
}

export interface DestinationEvents {
  /** Once for each time that writing begins to fail. */
  onFailed (error: Error): void
  /** Lines were dropped, and are written again. @param count how many */
  onResumed? (count: number): void
}

/**
 * Lines to standard output or to the end of a file, written in the background: a slow disk, a full pipe or a FIFO that
 * nobody reads never holds up a request. What can't be written is kept and tried again.
 *
 * @param target `stdout` or a path
 * @throws where the file can't be opened
 */
export function openDestination (target: string, events: DestinationEvents): Destination {
  return new LineWriter(target === 'stdout' ? standardOutputFile() : namedFile(target), events)
}
