/** A line of the audit trail, as somebody may have kept it: only its kind is certain. */
export interface AuditLine {
  /** The JSON as it stands. */
  readonly text: string
  readonly time: string
  readonly event: string
  readonly outcome: string
  readonly reason?: string | undefined
  readonly session?: string | undefined
  readonly user: Readonly<Record<string, unknown>>
  readonly request: Readonly<Record<string, unknown>>
  readonly metadata: Readonly<Record<string, unknown>>
}

/** The event in a line, behind whatever a collector has put in front; undefined where it is something else. */
export function auditLineIn (line: string): AuditLine | undefined {
  const text = line.slice(Math.max(0, line.indexOf('{')))
  const entry = objectIn(text)
  const { time, event, outcome, reason, session, user, request, metadata } = entry ?? {}
  if (typeof time !== 'string' || typeof event !== 'string' || typeof outcome !== 'string' || !(isObject(request) || event === 'config.reload')) return undefined
  return { text, time, event, outcome, reason: textOrNone(reason), session: textOrNone(session), user: isObject(user) ? user : {}, request: isObject(request) ? request : {}, metadata: isObject(metadata) ? metadata : {} }
}

function objectIn (text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textOrNone (value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
