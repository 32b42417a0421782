/** Keys for assertions, one maker an algorithm. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { type AssertionAlgorithm } from '../../src/assertion/index.ts'

export const generate: Record<AssertionAlgorithm, () => { privateKey: KeyObject, publicKey: KeyObject }> = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 })
}

export function pem (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1' = 'pkcs8'): string {
  return key.export({ format: 'pem', type }) as string
}
