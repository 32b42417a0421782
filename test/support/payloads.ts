/** Collected attacks, a line each, which are not part of the project: `PAYLOADS_DIR` says where they are. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.env.PAYLOADS_DIR

/** For tap's `skip`. With `TEST_REQUIRE=all`, which CI sets, a list that is not there is an error. */
export const withoutPayloads: string | false = folder === undefined && process.env.TEST_REQUIRE !== 'all' && 'PAYLOADS_DIR is not set'

/** The lines of a list, as latin1 text, without those that are empty. */
export function payloads (name: string): string[] {
  return readFileSync(join(folder ?? '', name), 'latin1').split(/\r?\n/).filter((line) => line !== '')
}
