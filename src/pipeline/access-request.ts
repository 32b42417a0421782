import { type AccessRequest } from '../access/index.ts'
import { type Asked } from './asked.ts'
import { type CanonicalPath } from './canonical-path.ts'

/** What rules look at, for every question that is put to them: two that differ would be decided differently. */
export function accessRequest ({ method, origin: { host, clientAddress } }: Asked, { readings, hasEncodedDelimiter }: CanonicalPath): AccessRequest {
  return { readings, method, host, clientAddress, hasEncodedDelimiter }
}
