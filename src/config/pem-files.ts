import { createPrivateKey, X509Certificate } from 'node:crypto'
import { type ReadFile, unreadable } from './files.ts'
import { type Path, type Tree, valueAt } from './path.ts'
import { placesOf, settings } from './settings.ts'

type Check = (text: string) => string | undefined

/**
 * What is wrong with the certificates and keys that the configuration names by their file. They are read by whoever
 * connects; but a CA that can't be used has to stop the start, not the first connection.
 */
export function pemFaults (value: Tree, readFile: ReadFile): { path: Path, message: string }[] {
  return settings.flatMap(({ keys, path }) => {
    const check = checkFor(path)
    return check === undefined ? [] : placesOf(keys, value).flatMap((place) => faultAt(place, valueAt(value, place), check, readFile))
  })
}

function checkFor (setting: string): Check | undefined {
  if (/\b(caFile|certFile)$/.test(setting)) return certificateFault
  return /\b(tls|clientCertificate)\.keyFile$/.test(setting) ? keyFault : undefined
}

function faultAt (path: Path, file: unknown, check: Check, readFile: ReadFile): { path: Path, message: string }[] {
  if (typeof file !== 'string' || file === '') return []
  try {
    const fault = check(readFile(file))
    return fault === undefined ? [] : [{ path, message: `${file} ${fault}` }]
  } catch (error) {
    return [{ path, message: unreadable(file, error) }]
  }
}

function certificateFault (text: string): string | undefined {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^]+?-----END CERTIFICATE-----/g)
  if (blocks === null) return 'holds no certificate in PEM'
  const damaged = blocks.findIndex((block) => !succeeds(() => new X509Certificate(block)))
  return damaged < 0 ? undefined : `is damaged: certificate ${damaged + 1} in it can’t be read`
}

function keyFault (text: string): string | undefined {
  return succeeds(() => createPrivateKey(text)) ? undefined : 'holds no private key in PEM without a passphrase'
}

function succeeds (attempt: () => unknown): boolean {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}
