/** Most bytes of a frame header: two, a length of eight, and a mask of four (RFC 6455 section 5.2). */
const longestHeader = 14

const closeOpcode = 0x8

/**
 * Knows where in one direction of a WebSocket a frame may begin: a frame of somebody else's inside another would be
 * taken for its payload. Of the frames it reads the headers, and keeps nothing.
 */
export class FrameFollower {
  readonly #header = new Uint8Array(longestHeader)
  #headerBytes = 0
  /** Of the payload under way. */
  #bytesLeft = 0
  #hasClosed = false

  /** No frame is under way. */
  get isAtBoundary (): boolean {
    return this.#headerBytes === 0 && this.#bytesLeft === 0
  }

  /** A close frame has come: no frame may follow (RFC 6455 section 5.5.1). */
  get hasClosed (): boolean {
    return this.#hasClosed
  }

  /** Takes what has come. */
  follow (bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) at += this.#take(bytes, at)
  }

  /** Takes what has come up to the end of the frame under way. @returns how many bytes that were: all, where it goes on */
  finish (bytes: Uint8Array): number {
    let at = 0
    while (at < bytes.length && !this.isAtBoundary) at += this.#take(bytes, at)
    return at
  }

  #take (bytes: Uint8Array, at: number): number {
    if (this.#bytesLeft > 0) {
      const taken = Math.min(this.#bytesLeft, bytes.length - at)
      this.#bytesLeft -= taken
      return taken
    }
    this.#header[this.#headerBytes++] = bytes[at] ?? 0
    if (this.#headerBytes === headerLength(this.#header, this.#headerBytes)) this.#beginPayload()
    return 1
  }

  #beginPayload (): void {
    const [first = 0] = this.#header
    if ((first & 0x0f) === closeOpcode) this.#hasClosed = true
    this.#bytesLeft = payloadLength(this.#header)
    this.#headerBytes = 0
  }
}

function headerLength (header: Uint8Array, known: number): number {
  if (known < 2) return 2
  const [, second = 0] = header
  return 2 + lengthBytes(second) + (second & 0x80 ? 4 : 0)
}

/** Of a length that does not fit into the seven bits of the second byte. */
function lengthBytes (second: number): 0 | 2 | 8 {
  const short = second & 0x7f
  if (short < 126) return 0
  return short === 126 ? 2 : 8
}

function payloadLength (header: Uint8Array): number {
  const [, second = 0] = header
  const extended = header.subarray(2, 2 + lengthBytes(second))
  return extended.length === 0 ? second & 0x7f : extended.reduce((length, byte) => length * 256 + byte, 0)
}
