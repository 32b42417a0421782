/** Takes spans by OTLP over HTTP, in protobuf, as a collector does, and reads what is in them. */
import { EventEmitter } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo } from 'node:net'
import { type Test } from 'tap'

export interface ReceivedSpan {
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client' | 'other'
  readonly traceId: string
  readonly spanId: string
  /** Empty for the first of its trace. */
  readonly parentId: string
  readonly traceState: string
  readonly attributes: Readonly<Record<string, string | number>>
  /** As trace and span. */
  readonly links: readonly string[]
  readonly isError: boolean
  readonly milliseconds: number
  readonly resource: Readonly<Record<string, string | number>>
}

export interface OtlpReceiver {
  readonly url: string
  readonly spans: ReceivedSpan[]
  /** Of each delivery. */
  readonly deliveries: Array<{ readonly path: string, readonly headers: IncomingHttpHeaders }>
  /** Emits `delivery` after each. */
  readonly arrivals: EventEmitter
  /** As they came, for whoever looks for what must not be there. */
  readonly bytes: () => string
}

/** Each span in short, such as `server GET /`, and below it, further in, what is part of it. */
export function treeOf (spans: readonly ReceivedSpan[], parentId = '', indent = ''): string[] {
  const known = new Set(spans.map(({ spanId }) => spanId))
  const below = spans.filter((span) => parentId === '' ? !known.has(span.parentId) : span.parentId === parentId)
  return below.flatMap(({ kind, name, spanId }) => [`${indent}${kind} ${name}`, ...treeOf(spans, spanId, `${indent}  `)])
}

/** @param status what every delivery is answered with */
export async function startOtlpReceiver (t: Test, status: () => number = () => 200): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = []
  const deliveries: OtlpReceiver['deliveries'] = []
  const bodies: Buffer[] = []
  const arrivals = new EventEmitter()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => { chunks.push(chunk) }).on('end', () => {
      const body = Buffer.concat(chunks)
      bodies.push(body)
      deliveries.push({ path: request.url ?? '', headers: request.headers })
      if (status() === 200) spans.push(...spansIn(body))
      response.writeHead(status(), { 'content-type': 'application/x-protobuf' }).end()
      arrivals.emit('delivery')
    })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, deliveries, arrivals, bytes: () => Buffer.concat(bodies).toString('latin1') }
}

type Field = bigint | Buffer
type Message = ReadonlyMap<number, readonly Field[]>

/** opentelemetry/proto/collector/trace/v1/trace_service.proto, and what it imports. */
function spansIn (body: Buffer): ReceivedSpan[] {
  return messages(readMessage(body), 1).flatMap((resourceSpans) => {
    const [resource = new Map()] = messages(resourceSpans, 1)
    return messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2).map((span) => spanOf(span, attributesIn(resource, 1))))
  })
}

const kinds = { 1: 'internal', 2: 'server', 3: 'client' } as const

function spanOf (span: Message, resource: ReceivedSpan['resource']): ReceivedSpan {
  const [status = new Map()] = messages(span, 15)
  return {
    name: text(span, 5),
    kind: kinds[number(span, 6) as keyof typeof kinds] ?? 'other',
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentId: hex(span, 4),
    traceState: text(span, 3),
    attributes: attributesIn(span, 9),
    links: messages(span, 13).map((link) => `${hex(link, 1)} ${hex(link, 2)}`),
    isError: number(status, 3) === 2,
    milliseconds: (number(span, 8) - number(span, 7)) / 1e6,
    resource
  }
}

function attributesIn (message: Message, field: number): Record<string, string | number> {
  return Object.fromEntries(messages(message, field).map((pair) => {
    const [value = new Map()] = messages(pair, 2)
    return [text(pair, 1), value.has(1) ? text(value, 1) : number(value, 3)]
  }))
}

function messages (message: Message, field: number): Message[] {
  return (message.get(field) ?? []).map((value) => readMessage(bufferOf(value)))
}

function text (message: Message, field: number): string {
  return bufferOf(message.get(field)?.[0]).toString()
}

function hex (message: Message, field: number): string {
  return bufferOf(message.get(field)?.[0]).toString('hex')
}

function number (message: Message, field: number): number {
  return Number(message.get(field)?.[0] ?? 0)
}

function bufferOf (value: Field | undefined): Buffer {
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0)
}

/** By the wire type: a varint, eight bytes, a length and as many bytes, or four bytes. */
function readMessage (bytes: Buffer): Message {
  const fields = new Map<number, Field[]>()
  let at = 0
  function varint (): bigint {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  function take (length: number): Buffer {
    at += length
    return bytes.subarray(at - length, at)
  }
  const readers = new Map<number, () => Field>([[0, varint], [1, () => take(8).readBigUInt64LE()], [2, () => take(Number(varint()))], [5, () => BigInt(take(4).readUInt32LE())]])
  while (at < bytes.length) {
    const key = Number(varint())
    const read = readers.get(key & 7)
    if (read === undefined) throw new Error(`not protobuf: wire type ${key & 7}`)
    fields.set(key >> 3, [...fields.get(key >> 3) ?? [], read()])
  }
  return fields
}
