import type { IncomingHttpHeaders } from 'node:http'
import { Problem } from '../errors.ts'

/** Refuses a body that says itself that it is too long; of one in chunks the forwarder keeps count. @throws {Problem} */
export function limitBody (headers: IncomingHttpHeaders, maxBodyBytes: number | undefined): void {
  const length = Number(headers['content-length'] ?? 0)
  if (maxBodyBytes !== undefined && length > maxBodyBytes) throw new Problem('body_too_large', { cause: new Error(`${length} bytes, where the rule allows ${maxBodyBytes}`) })
}
