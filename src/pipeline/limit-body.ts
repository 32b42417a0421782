import { type IncomingHttpHeaders } from 'node:http'
import { Problem } from '../errors.ts'

/** Refuses a body that says itself that it is too long; of one in chunks the forwarder keeps count. @throws {Problem} */
export function limitBody (headers: IncomingHttpHeaders, maxBodyBytes: number | undefined): void {
  if (maxBodyBytes !== undefined && Number(headers['content-length'] ?? 0) > maxBodyBytes) throw new Problem('body_too_large')
}
