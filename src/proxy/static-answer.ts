import { type Forwarder } from './exchange.ts'

export interface StaticAnswerSettings {
  readonly status: number
  readonly body: string
  readonly contentType: string
}

/** Statuses that have no content, nor speak of its length (RFC 9110 sections 15.3.5, 15.4.5). */
const contentless = new Set([204, 304])

/** Answers from the configuration in place of an application, for pages such as a health check. */
export function createStaticAnswer ({ status, body, contentType }: StaticAnswerSettings): Forwarder {
  const content = Buffer.from(body)
  const headers = contentless.has(status) ? [] : ['Content-Type', contentType, 'Content-Length', String(content.length)]
  return (request, response, { responseHeaders }, { onStart }) => {
    onStart()
    response.writeHead(status, [...headers, ...responseHeaders])
    response.end(request.method === 'HEAD' || contentless.has(status) ? undefined : content)
  }
}
