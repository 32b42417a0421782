import { type Destination, type DestinationEvents, LineWriter } from './line-writer.ts'
import { namedFile, standardOutputFile } from './output-file.ts'

export { type Destination } from './line-writer.ts'

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
