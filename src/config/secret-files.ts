import { type ReadFile, unreadable } from './files.ts'
import { type Path, pathText, type Tree, valueAt } from './path.ts'
import { type Setting, placesOf, settings } from './settings.ts'

/** A secret that a file holds, or why it can't be had. */
export interface SecretFile {
  /** Where the configuration names the file: `session.secretFile`. */
  readonly filePath: Path
  /** What the file stands for: `session.secret`. */
  readonly secretPath: Path
  readonly reading: { readonly value: string | string[] } | { readonly fault: string }
}

/** Reads every secret for which the configuration names a file. */
export function readSecretFiles (value: Tree, readFile: ReadFile): SecretFile[] {
  return settings.filter(({ secret }) => secret).flatMap((setting) => readFilesOf(setting, value, readFile))
}

function readFilesOf (setting: Setting, value: Tree, readFile: ReadFile): SecretFile[] {
  const above = setting.keys.slice(0, -1)
  const [key = '', fileKey = ''] = [setting.keys.at(-1), setting.fileKey]
  return placesOf([...above, fileKey], value).flatMap((filePath) => {
    const file = valueAt(value, filePath)
    if (typeof file !== 'string' || file === '') return []
    const secretPath = [...filePath.slice(0, -1), key]
    if (valueAt(value, secretPath) !== undefined) return [{ filePath, secretPath, reading: { fault: `expected ${pathText(secretPath)} or ${pathText(filePath)}, found both` } }]
    return [{ filePath, secretPath, reading: readSecret(file, setting.kind, readFile) }]
  })
}

function readSecret (file: string, kind: Setting['kind'], readFile: ReadFile): SecretFile['reading'] {
  try {
    const text = readFile(file).replace(/\r?\n$/, '')
    if (text.trim() === '') return { fault: `${file} is empty` }
    return { value: kind === 'list' ? severalIn(text) : text }
  } catch (error) {
    return { fault: unreadable(file, error) }
  }
}

/** Several secrets in one file: PEM blocks, a JWK Set (RFC 7517 section 5), or one a line. */
function severalIn (text: string): string[] {
  const blocks = text.match(/-----BEGIN [^-]+-----[^]+?-----END [^-]+-----/g)
  if (blocks !== null) return blocks
  if (text.trimStart().startsWith('{')) return keysOfSet(text)
  return text.split('\n').map((line) => line.trim()).filter((line) => line !== '')
}

function keysOfSet (text: string): string[] {
  try {
    const { keys } = JSON.parse(text) as { keys?: unknown }
    return Array.isArray(keys) ? keys.map((key) => JSON.stringify(key)) : [text]
  } catch {
    return [text]
  }
}
