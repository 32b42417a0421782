/** A gateway that lets everybody through: what is tested is the way to the application and back. */
import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request, type RequestOptions } from 'node:http'
import { type Test } from 'tap'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { exchange, parseMessage, type RawMessage } from '../support/raw-socket.ts'
import { answerOnce, startByteRecorder, startUpstream, type UpstreamHandler } from '../support/upstream.ts'

/** Nobody signs in, so nobody misses the provider. */
const noProvider = 'http://localhost:1'

/** @param application what it does, or the URL of one that runs already */
export async function startOpenGateway (t: Test, application: UpstreamHandler | string, upstreamSettings: Readonly<Record<string, unknown>> = {}, publicUrl?: string): Promise<TestGateway> {
  const upstream = typeof application === 'string' ? application : (await startUpstream(t, application)).url
  const configuration = { access: { default: 'anonymous' }, upstream: upstreamSettings }
  return await startGateway(t, { issuer: noProvider, upstream, configuration, ...(publicUrl !== undefined && { publicUrl }) })
}

/** A request over a connection of its own, to a port or to the path of a socket; the caller sends and ends it. */
export function ask (address: number | string, options: RequestOptions = {}): ClientRequest {
  const where = typeof address === 'number' ? { host: 'localhost', family: 4, port: address } : { socketPath: address }
  return request({ agent: false, ...where, ...options })
}

export async function responseTo (asked: ClientRequest): Promise<IncomingMessage> {
  const [response] = await once(asked, 'response') as [IncomingMessage]
  return response
}

/** Several applications, in the form of the configuration. */
export async function startOpenGateways (t: Test, upstream: ReadonlyArray<Readonly<Record<string, unknown>>>): Promise<TestGateway> {
  return await startGateway(t, { issuer: noProvider, upstream, configuration: { access: { default: 'anonymous' } } })
}

const okResponse = 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok'

export interface RecordedGateway {
  readonly gateway: TestGateway
  /** What arrived at the application, one entry a connection. */
  readonly connections: string[]
  /** Sends these bytes; the answer's bytes and what the application received. */
  send (bytes: string): Promise<{ answer: string, received: RawMessage }>
}

/** With an application that records bytes and answers with the bytes given, by default 200 and a closed connection. */
export async function startRecordedGateway (t: Test, response: () => string = () => okResponse, upstreamSettings: Readonly<Record<string, unknown>> = {}): Promise<RecordedGateway> {
  const recorder = await startByteRecorder(t, (socket, received) => { answerOnce(response())(socket, received) })
  const gateway = await startOpenGateway(t, recorder.url, upstreamSettings)
  const { connections } = recorder
  return {
    gateway,
    connections,
    async send (bytes) {
      const answer = await exchange(gateway.port, bytes)
      return { answer, received: parseMessage(connections.splice(0).join('')) }
    }
  }
}
