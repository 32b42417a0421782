import { createHash, randomBytes } from 'node:crypto'
import { type Session } from './session.ts'

/** A name for a session that is kept here: 256 random bits, which nobody guesses and no earlier sign-in had. */
export function newTicket (): string {
  return randomBytes(32).toString('base64url')
}

/** Whether it can be a ticket at all; what else browsers send is not asked for. */
export function isTicket (text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text)
}

/** SHA-256, as a cookie would carry it: whoever reads what is kept finds no ticket that opens anything. */
export function hashOf (text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}

/** Kept a little longer than it lives, so that whoever comes back late is told, and the audit trail too, why it ended. */
const keptAfterEndMilliseconds = 5 * 60 * 1000

/** For how many milliseconds a session is kept. */
export function keptMilliseconds ({ idleExpiresAt, expiresAt }: Session, now: number): number {
  return Math.max(0, Math.min(idleExpiresAt, expiresAt) - now) + keptAfterEndMilliseconds
}
