import { type PseudonymKind, pseudonymOf } from '../observability/index.ts'
import { type AuditLine } from './audit-line.ts'

/** What of an audit trail is asked for; all that is given must fit. */
export interface AuditWish {
  readonly event?: string | undefined
  readonly outcome?: string | undefined
  readonly reason?: string | undefined
  /** Name, subject or email address, in any case. */
  readonly user?: string | undefined
  readonly ip?: string | undefined
  readonly session?: string | undefined
  readonly request?: string | undefined
  /** A time (RFC 3339), a day, or how long ago, such as `2h`. */
  readonly since?: string | undefined
  readonly until?: string | undefined
}

interface FilterParts {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Where given, whoever is asked for is also found under their pseudonym. */
  readonly key?: Uint8Array | undefined
}

/** Whether a line is asked for; text where the wish can't be understood. */
export function createAuditFilter (wish: AuditWish, { now, key }: FilterParts): ((line: AuditLine) => boolean) | string {
  const [since, until] = [momentOf(wish.since ?? '1970-01-01', now), momentOf(wish.until ?? '9999-12-31', now)]
  if (since === undefined || until === undefined) return 'expected a time such as 2026-01-31, 2026-01-31T08:00:00Z or 2h for --since and --until'
  const namesOf = (kind: PseudonymKind, value: string): string[] => key === undefined ? [value] : [value, pseudonymOf(key, kind, value)]
  const isPerson = oneOf(wish.user, (user) => (['user', 'sub', 'email'] as const).flatMap((kind) => namesOf(kind, user)))
  const isAddress = oneOf(wish.ip, (ip) => namesOf('ip', ip))

  return (line) => {
    const time = Date.parse(line.time)
    if (!(time >= since && time <= until)) return false
    const exact = [[wish.event, line.event], [wish.outcome, line.outcome], [wish.reason, line.reason], [wish.session, line.session], [wish.request, line.request['id']]]
    if (exact.some(([wanted, found]) => wanted !== undefined && wanted !== found)) return false
    return isPerson(line.user['user'], line.user['sub'], line.user['email']) && isAddress(line.request['ip'])
  }
}

/** Whether one of the values is one of the names, in any case; with nothing asked for, always. */
function oneOf (wanted: string | undefined, names: (wanted: string) => string[]): (...values: unknown[]) => boolean {
  if (wanted === undefined) return () => true
  const folded = new Set(names(wanted).map((name) => name.toLowerCase()))
  return (...values) => values.some((value) => typeof value === 'string' && folded.has(value.toLowerCase()))
}

const unitMilliseconds = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

function momentOf (text: string, now: number): number | undefined {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  if (unit !== undefined) return now - Number(count) * unitMilliseconds[unit as keyof typeof unitMilliseconds]
  const moment = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN
  return Number.isNaN(moment) ? undefined : moment
}
