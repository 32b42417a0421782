import { hkdfSync } from 'node:crypto'
import secureSession from '@fastify/secure-session'
import fastify from 'fastify'
import { withoutSchemas } from '../without-schemas.ts'

/** Turns data into text that only Doorward can read or make, and back. */
export interface Seal {
  seal (value: unknown): string
  /** The value, or `undefined` for anything that this seal did not make. Never throws. */
  open (text: string): unknown
  /** The part that is random and used once: a short name for the text, to be looked up by where the whole is compared after. */
  nonceOf (text: string): string
}

export interface SealSettings {
  /** The first seals, all open; each at least 32 bytes. */
  readonly secrets: readonly Buffer[]
  /** The public URL: a cookie of one application means nothing to another that shares the secret. */
  readonly application: string
}

/** Longer than any session or login may last: their own expiry, inside the seal, is the one that counts. */
const sealExpirySeconds = 400 * 24 * 60 * 60

/**
 * Seals for the purposes named, each with keys of its own (HKDF, RFC 5869), so that what was sealed as one thing can
 * never be opened as another. The cryptography is that of @fastify/secure-session (XSalsa20-Poly1305, random nonce);
 * its request hooks are not used: a gateway unseals once per session, not once per request.
 */
export async function createSeals<Purpose extends string> (purposes: readonly Purpose[], settings: SealSettings): Promise<Record<Purpose, Seal>> {
  const vault = fastify({ ...withoutSchemas, logger: false })
  await vault.register(secureSession, purposes.map((purpose) => ({
    sessionName: purpose,
    key: settings.secrets.map((secret) => deriveKey(secret, purpose, settings.application)),
    expiry: sealExpirySeconds
  })))
  await vault.ready()
  const seals = purposes.map((purpose) => [purpose, createSeal(vault, purpose)] as const)
  return Object.fromEntries(seals) as Record<Purpose, Seal>
}

type Vault = ReturnType<typeof fastify>

function createSeal (vault: Vault, purpose: string): Seal {
  return {
    seal (value) {
      return toCookieText(vault.encodeSecureSession(vault.createSecureSession({ value }), purpose))
    },
    open (text) {
      if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(text) || !text.split('.').every(isOnlySpelling)) return undefined
      return vault.decodeSecureSession(text.replace('.', ';'), vault.log, purpose)?.get('value')
    },
    nonceOf: (text) => text.slice(text.lastIndexOf('.') + 1)
  }
}

/** A decoder drops spare bits and a lone last character (RFC 4648 section 3.5): many texts would be one, such as a `state` and the same with a letter more. */
function isOnlySpelling (part: string): boolean {
  return Buffer.from(part, 'base64url').toString('base64url') === part
}

/** `ciphertext;nonce` in base64 → characters that a cookie and a URL carry as they are (RFC 6265 section 4.1.1). */
function toCookieText (sealed: string): string {
  return sealed.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '').replace(';', '.')
}

function deriveKey (secret: Buffer, purpose: string, application: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `doorward ${purpose} ${application}`, 32))
}
