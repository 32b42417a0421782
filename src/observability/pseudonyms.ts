import { createHmac, type KeyObject } from 'node:crypto'
import { type AuditEntry } from './audit.ts'

/** Writes pseudonyms in place of whatever names a person. */
export type Pseudonyms = (entry: AuditEntry) => AuditEntry

/** What is hashed: equal values of one kind have equal pseudonyms, and say nothing about those of another kind. */
export type PseudonymKind = 'sub' | 'user' | 'email' | 'ip'

/**
 * The pseudonym of a value: 128 bits of HMAC-SHA-256 (RFC 2104), in base64url. Without the key nobody can try out names
 * until one fits, which a plain hash would allow.
 */
export function pseudonymOf (key: Uint8Array | KeyObject, kind: PseudonymKind, value: string): string {
  const digest = createHmac('sha256', key).update(`doorward audit ${kind}\n${value}`).digest()
  return `~${digest.subarray(0, 16).toString('base64url')}`
}

/** The same for the same value after a restart and in every replica that has the key. */
export function createPseudonyms (key: Uint8Array): Pseudonyms {
  function hide (kind: PseudonymKind, value: string | undefined): string | undefined {
    return value === undefined || value === '' ? value : pseudonymOf(key, kind, value)
  }

  return ({ user, request, metadata, ...entry }) => ({
    ...entry,
    user: user && { sub: hide('sub', user.sub), user: hide('user', user.user), email: hide('email', user.email), provider: user.provider },
    request: request && { ...request, ip: hide('ip', request.ip) ?? '' },
    metadata: metadata && metadataWithout(metadata, hide)
  })
}

type Metadata = Readonly<Record<string, unknown>>

function metadataWithout (metadata: Metadata, hide: (kind: PseudonymKind, value: string) => string | undefined): Metadata {
  // A provider's prose names people: "User alice@example.com is not assigned".
  const { errorDescription: _, ...rest } = metadata
  const { by, value, claim, found, expected } = rest
  const hidden = (text: unknown): unknown => text === undefined ? undefined : hide('sub', String(text))
  return {
    ...rest,
    ...(by === 'user' || by === 'sub') && typeof value === 'string' && { value: hide(by, value) },
    ...claim === 'sub' && { found: hidden(found), expected: hidden(expected) }
  }
}
