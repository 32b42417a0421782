/** Past this, lines are dropped rather than kept: a reader that has stopped must not take the gateway with it. */
const maxKeptBytes = 16 * 1024 * 1024
const maxExpendableBytes = 12 * 1024 * 1024
/** Of a line, beside its characters. */
const lineOverheadBytes = 64
const largestWriteBytes = 64 * 1024

/** Lines that wait until they can be written, in order, and the count of those for which there was no room. */
export class KeptLines {
  #lines: string[] = []
  #bytes = 0
  #dropped = 0

  get isEmpty (): boolean {
    return this.#lines.length === 0
  }

  /** How many lines are gone so far. */
  get dropped (): number {
    return this.#dropped
  }

  /** @param worth what is expendable leaves room for what is not */
  add (line: string, worth?: 'expendable'): void {
    const bytes = Buffer.byteLength(line) + lineOverheadBytes
    if (this.#bytes + bytes > (worth === 'expendable' ? maxExpendableBytes : maxKeptBytes)) {
      this.#dropped++
      return
    }
    this.#lines.push(line)
    this.#bytes += bytes
  }

  /** The next lines, as many as are written at once; empty where there are none. */
  take (): Buffer {
    let bytes = 0
    let count = 0
    while (count < this.#lines.length && bytes < largestWriteBytes) bytes += Buffer.byteLength(this.#lines[count++] ?? '')
    this.#bytes -= bytes + count * lineOverheadBytes
    return Buffer.from(this.#lines.splice(0, count).join(''))
  }

  /** One that nobody will read. */
  drop (): void {
    this.#dropped++
  }

  dropAll (): void {
    this.#dropped += this.#lines.length
    this.#lines = []
    this.#bytes = 0
  }
}
