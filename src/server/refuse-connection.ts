import { type Socket } from 'node:net'
import { type ProblemCode, problems } from '../errors.ts'
import { type Logger } from '../observability/index.ts'
import { peerAddress } from '../request-origin/index.ts'

interface ClientAnswer {
  /** Status code and phrase. */
  readonly status: string
  readonly code: ProblemCode
  /** For a person: nothing of the request, whose text may be an attack. */
  readonly text?: string
}

const notUnderstood: ClientAnswer = { status: '400 Bad Request', code: 'request_invalid' }
const clientAnswers: Readonly<Record<string, ClientAnswer>> = {
  // Cookies that have piled up do this to people, who can delete them once they are told.
  HPE_HEADER_OVERFLOW: { status: '431 Request Header Fields Too Large', code: 'headers_too_large', text: `${problems.headers_too_large.title}\n\n${problems.headers_too_large.detail}\n` },
  ERR_HTTP_REQUEST_TIMEOUT: { status: '408 Request Timeout', code: 'request_timeout' }
}

/** Node's own handler looks at the answer under way in the same place. */
type ServerSocket = Socket & { readonly _httpMessage?: { readonly headersSent: boolean } | null }

/** What is not HTTP gets a status and little else: there is no request to speak of. */
export function refuseConnection (error: { code?: string }, socket: ServerSocket, logger: Logger): void {
  const hasAnswerBegun = socket._httpMessage?.headersSent === true
  if (!socket.writable || error.code === 'ECONNRESET' || hasAnswerBegun) {
    socket.destroy()
    return
  }
  const { status, code, text = '' } = clientAnswers[error.code ?? ''] ?? notUnderstood
  logger.info({ event: 'request.refused', code, cause: error.code, peer: peerAddress(socket.remoteAddress) }, 'what was sent is not a request that can be served')
  const type = text === '' ? '' : 'Content-Type: text/plain; charset=utf-8\r\n'
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\n${type}Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
}
