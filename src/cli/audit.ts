import { createReadStream } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { escapeControls } from '../observability/index.ts'
import { type AuditWish, createAuditFilter } from './audit-filter.ts'
import { type AuditLine, auditLineIn } from './audit-line.ts'
import { auditRow } from './audit-row.ts'
import { errorCode, exitInvalidConfiguration, readConfiguration } from './configuration.ts'
import { type Terminal } from './terminal.ts'

const exitCodes = { done: 0, failed: 1, usage: 2 } as const

export interface AuditArguments extends AuditWish {
  /** `-` for standard input. */
  readonly file: string | undefined
  /** Print the lines as they are. */
  readonly json: boolean
  /** Where given: the configuration whose key the pseudonyms in the file were made with. */
  readonly config: string | undefined
}

/** `doorward audit`: shows an audit trail, or what of it is asked for. Other lines may stand in the file. */
export async function showAudit ({ file, json, config, ...wish }: AuditArguments, terminal: Terminal, now: () => number): Promise<number> {
  if (file === undefined) return fail(terminal, 'expected FILE, or - for standard input', exitCodes.usage)
  const loaded = config === undefined ? undefined : await readConfiguration(config, terminal)
  if (config !== undefined && loaded === undefined) return exitInvalidConfiguration
  const matches = createAuditFilter(wish, { now: now(), key: loaded?.configuration.audit.pseudonymKey })
  if (typeof matches === 'string') return fail(terminal, matches, exitCodes.usage)

  const show = json ? ({ text }: AuditLine): string => escapeControls(text) : (line: AuditLine): string => auditRow(line, terminal.isTerminal)
  try {
    for await (const text of linesOf(file, terminal.cwd)) {
      const line = auditLineIn(text)
      if (line !== undefined && matches(line)) terminal.stdout(`${show(line)}\n`)
    }
    return exitCodes.done
  } catch (error) {
    return fail(terminal, `${file} can’t be read (${errorCode(error)})`, exitCodes.failed)
  }
}

const standardInput = 0

async function * linesOf (file: string, cwd: string): AsyncGenerator<string> {
  const stream = file === '-' ? createReadStream('', { fd: standardInput, autoClose: false }) : createReadStream(resolve(cwd, file))
  const lines = createInterface({ input: stream, crlfDelay: Infinity })
  // readline does not pass it on, and would wait for ever.
  const failed = Promise.withResolvers<never>()
  stream.on('error', failed.reject)
  failed.promise.catch(() => {})
  const iterator = lines[Symbol.asyncIterator]()
  for (;;) {
    const { done, value } = await Promise.race([iterator.next(), failed.promise])
    if (done === true) return
    yield value
  }
}

function fail (terminal: Terminal, problem: string, exitCode: number): number {
  terminal.stderr(`doorward audit: ${problem}\n`)
  return exitCode
}
