import { connect, type Socket } from 'node:net'

export interface Target {
  readonly port: number
  /** Content-Length that every answer must have. */
  readonly contentLength: number
}

export interface ConnectionEvents {
  /** The whole answer is there: the connection may ask again. */
  readonly answered: (connection: Connection) => void
  /** Not the answer expected, none in time, or the connection is gone. */
  readonly failed: (error: Error) => void
}

const silenceMilliseconds = 10_000
const headEnd = '\r\n\r\n'

/** One connection that asks one thing at a time. A plain socket, so that the client takes little of the machine it shares. */
export class Connection {
  /** When the request under way was due, on the clock of `performance.now()`. */
  dueAt = 0
  readonly #socket: Socket
  #received = ''
  #isOver = false

  constructor (socket: Socket, { contentLength }: Target, { answered, failed }: ConnectionEvents) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.setTimeout(silenceMilliseconds, () => { socket.destroy(new Error('no answer in time')) })
    socket.on('data', (text: string) => {
      this.#received += text
      const answer = stateOf(this.#received, contentLength)
      if (answer === 'wholly') answered(this)
      else if (answer !== 'partly') socket.destroy(new Error(answer.problem))
    })
    socket.on('error', failed)
    socket.on('close', () => { if (!this.#isOver) failed(new Error('the connection was closed before the answer')) })
  }

  ask (text: string, dueAt: number): void {
    this.dueAt = dueAt
    this.#received = ''
    this.#socket.write(text)
  }

  /** Nothing more is expected here, however long the connection stays open. */
  rest (): void {
    this.#socket.setTimeout(0)
  }

  end (): void {
    this.#isOver = true
    this.#socket.end()
  }
}

/** @param localAddress where the connection comes from: an address of loopback has some 28,000 ports to the same target */
export function openConnection (target: Target, events: ConnectionEvents, localAddress = '127.0.0.1'): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>()
  const socket = connect({ port: target.port, host: '127.0.0.1', localAddress, noDelay: true })
  const connection = new Connection(socket, target, events)
  socket.once('connect', () => { resolve(connection) })
  socket.once('error', reject)
  return promise
}

function stateOf (answer: string, contentLength: number): 'partly' | 'wholly' | { readonly problem: string } {
  const end = answer.indexOf(headEnd)
  if (end === -1) return 'partly'
  if (!answer.startsWith('HTTP/1.1 200 ')) return { problem: `answered ${answer.slice(0, answer.indexOf('\r'))}` }
  const length = answer.length - end - headEnd.length
  if (length > contentLength) return { problem: `the body has ${length} bytes, not ${contentLength}` }
  return length === contentLength ? 'wholly' : 'partly'
}
