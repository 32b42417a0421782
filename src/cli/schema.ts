import { jsonSchema } from '../config/index.ts'
import { type Terminal } from './terminal.ts'

/** `doorward schema`: prints the JSON Schema of the configuration. */
export async function schema (_args: object, terminal: Terminal): Promise<number> {
  terminal.stdout(`${JSON.stringify(jsonSchema, null, 2)}\n`)
  return 0
}
