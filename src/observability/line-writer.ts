import { closeSync, write as writeTo } from 'node:fs'
import { KeptLines } from './kept-lines.ts'
import { type OutputFile } from './output-file.ts'

export interface Destination {
  /** Never waits and never throws. A line that there is no room for is counted, and gone: one that is expendable first. */
  write (line: string, worth?: 'expendable'): void
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
  /** Everything that is kept is written, after a failure that was told or lines that were dropped. @param lost how many lines */
  onResumed? (lost: number): void
}

const flushMilliseconds = 1_000
/** A full pipe is read in a moment, or not at all; a full disk takes longer. */
const retryMilliseconds = { full: 50, failed: 1_000 } as const

/** Keeps lines until they are written, in order and whole, one write at a time. */
export class LineWriter implements Destination {
  readonly #file: OutputFile
  readonly #events: DestinationEvents
  #fd: number | undefined
  readonly #lines = new KeptLines()
  /** What is being written, and how far it is. */
  #chunk: Buffer = Buffer.alloc(0)
  #offset = 0
  #isBusy = false
  #isFailing = false
  /** A failure was told, and its end was not. */
  #isInterrupted = false
  /** Nobody reads any more, and nobody ever will. */
  #isAbandoned = false
  #wantsReopen = false
  #retry: NodeJS.Timeout | undefined
  #toldDropped = 0
  #flushed: Array<() => void> = []

  constructor (file: OutputFile, events: DestinationEvents) {
    this.#file = file
    this.#events = events
    try {
      this.#fd = file.open()
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENXIO') throw error
      this.#fail(error as Error)
    }
  }

  write (line: string, worth?: 'expendable'): void {
    if (this.#isAbandoned) return this.#lines.drop()
    this.#lines.add(line, worth)
    this.#go()
  }

  dropped (): number {
    return this.#lines.dropped
  }

  reopen (): void {
    if (!this.#file.canReopen) return
    this.#wantsReopen = true
    this.#tryAgain()
  }

  async flush (): Promise<void> {
    if (this.#isAbandoned || this.#isIdle()) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, flushMilliseconds)
      this.#flushed.push(() => {
        clearTimeout(timer)
        resolve()
      })
      this.#tryAgain()
    })
  }

  #isIdle (): boolean {
    return this.#lines.isEmpty && this.#offset >= this.#chunk.length
  }

  #tryAgain (): void {
    clearTimeout(this.#retry)
    this.#retry = undefined
    this.#go()
  }

  #go (): void {
    if (this.#isBusy || this.#isAbandoned || this.#retry !== undefined) return
    // A whole line is in one file; one that a full disk has cut begins again in the next.
    if (this.#wantsReopen && (this.#isFailing || this.#offset >= this.#chunk.length)) this.#exchange()
    this.#fd ??= this.#openAgain()
    if (this.#fd === undefined) return
    if (this.#offset >= this.#chunk.length) this.#takeChunk()
    if (this.#chunk.length === 0) return this.#settle()
    this.#isBusy = true
    writeTo(this.#fd, this.#chunk, this.#offset, this.#chunk.length - this.#offset, null, (error, count) => { this.#wrote(error, count) })
  }

  #wrote (error: NodeJS.ErrnoException | null, count: number): void {
    this.#isBusy = false
    if (error !== null) {
      this.#cannotWrite(error)
      return
    }
    this.#isFailing = false
    this.#offset += count
    this.#go()
  }

  #takeChunk (): void {
    this.#chunk = this.#lines.take()
    this.#offset = 0
  }

  /** Everything is written. */
  #settle (): void {
    const lost = this.#lines.dropped - this.#toldDropped
    this.#toldDropped = this.#lines.dropped
    for (const resolve of this.#flushed.splice(0)) resolve()
    if (lost > 0 || this.#isInterrupted) this.#events.onResumed?.(lost)
    this.#isInterrupted = false
  }

  #cannotWrite (error: NodeJS.ErrnoException): void {
    if (error.code === 'EAGAIN') return this.#later(retryMilliseconds.full)
    if (error.code === 'EPIPE') this.#lostReader()
    this.#fail(error)
  }

  #fail (error: Error): void {
    const isNews = !this.#isFailing
    this.#isFailing = true
    this.#isInterrupted = true
    if (!this.#isAbandoned) this.#later(retryMilliseconds.failed)
    if (isNews) this.#events.onFailed(error)
  }

  #later (milliseconds: number): void {
    this.#retry = setTimeout(() => { this.#tryAgain() }, milliseconds).unref()
  }

  /** A FIFO may be read again, a pipe never. */
  #lostReader (): void {
    if (this.#file.canReopen) return this.#close()
    this.#isAbandoned = true
    this.#lines.dropAll()
    for (const resolve of this.#flushed.splice(0)) resolve()
  }

  #exchange (): void {
    this.#wantsReopen = false
    const wasInterrupted = this.#isInterrupted
    const next = this.#openAgain()
    if (next === undefined) {
      // The old file takes what comes: nothing was interrupted, and nobody should read that all is well.
      this.#isInterrupted = wasInterrupted
      return
    }
    this.#close()
    this.#fd = next
  }

  #openAgain (): number | undefined {
    try {
      return this.#file.open()
    } catch (error) {
      this.#fail(error as Error)
      return undefined
    }
  }

  /** A line that was cut begins again in what is opened next. */
  #close (): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
    if (this.#offset < this.#chunk.length) this.#offset = this.#chunk.subarray(0, this.#offset).lastIndexOf('\n') + 1
  }
}
