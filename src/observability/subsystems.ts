import { type Logger } from 'pino'

/** The parts of Doorward as the log names them, and what each tells of. */
export const subsystems = {
  access: 'requests that were answered by Doorward instead of the application, and why',
  admin: 'the admin listener',
  audit: 'the file of the audit trail, where it can’t be written',
  config: 'what is doubtful about the configuration, and whether another one was put in place',
  mapping: 'the groups of whoever signs in, and what they become',
  oidc: 'identity providers: their metadata, sign-ins, refreshes, sign-outs, bearer tokens',
  process: 'start, stop and signals; the delivery of traces; standard output that could not be written to',
  proxy: 'answers of the application that broke off',
  server: 'connections and requests that were refused before anybody looked at what they are for',
  sessions: 'the store of sessions: whether Redis is there'
} as const

export type Subsystem = keyof typeof subsystems

/** Its own least severe level, where it has one. */
export type SubsystemLevels = { readonly [Name in Subsystem]?: string | undefined }

/** A log for each subsystem: its lines say whose they are, and its level may differ from that of the whole. */
export interface Logs {
  (subsystem: Subsystem): Logger
  /** Of all that there are and will be, also where somebody holds on to one. */
  setLevels (level: string, levels: SubsystemLevels): void
}

export function createLogs (logger: Logger, levels: SubsystemLevels): Logs {
  const logs = new Map<Subsystem, Logger>()
  let [common, own] = [logger.level, levels]
  const levelOf = (subsystem: Subsystem): string => own[subsystem] ?? common

  function logOf (subsystem: Subsystem): Logger {
    const log = logs.get(subsystem) ?? logger.child({ subsystem }, { level: levelOf(subsystem) })
    logs.set(subsystem, log)
    return log
  }

  return Object.assign(logOf, {
    setLevels (nextLevel: string, nextLevels: SubsystemLevels) {
      [common, own] = [nextLevel, nextLevels]
      for (const [subsystem, log] of logs) log.level = levelOf(subsystem)
    }
  })
}
