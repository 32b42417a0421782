import { escapeControls } from '../observability/index.ts'
import { type AuditLine } from './audit-line.ts'

const widths = { event: 15, outcome: 7, reason: 22, user: 24, ip: 15 } as const
const [red, plain] = ['\x1b[31m', '\x1b[39m']

/** One event in columns, for people: when, what, how and why, who, from where, what was asked for, and the rest. */
export function auditRow ({ time, event, outcome, reason = '', session, user, request, metadata }: AuditLine, isColoured: boolean): string {
  const who = user['user'] ?? user['email'] ?? user['sub'] ?? '-'
  const how = column(outcome, widths.outcome)
  const rest = { ...metadata, provider: user['provider'] ?? metadata['provider'], session, request: request['id'] }
  return [
    shown(time.replace(/\.\d+Z$/, 'Z')),
    column(event, widths.event),
    isColoured && outcome === 'failure' ? `${red}${how}${plain}` : how,
    column(reason === '' ? '-' : reason, widths.reason),
    column(who, widths.user),
    column(request['ip'] ?? '-', widths.ip),
    shown(request['path'] === undefined ? '-' : `${String(request['method'])} ${String(request['path'])}`),
    ...Object.entries(rest).filter(([, value]) => value !== undefined).map(([name, value]) => shown(`${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`))
  ].join('  ')
}

function column (value: unknown, width: number): string {
  return shown(String(value)).padEnd(width)
}

/** What somebody else has chosen must not steer the terminal, nor begin a row of its own. */
function shown (text: string): string {
  return escapeControls(JSON.stringify(text)).slice(1, -1).replaceAll('\\"', '"')
}
