/**
 * `npm run sbom`: prints the bill of materials of what runs in production, as CycloneDX. npm makes it, of the lock file
 * without what is for development alone: its own `--omit dev` leaves out what production and development both need.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

interface Manifest {
  readonly name: string
  readonly devDependencies?: unknown
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean, readonly devDependencies?: unknown }>>
}

const project = resolve(import.meta.dirname, '..')

function read<Content> (file: string): Content {
  return JSON.parse(readFileSync(join(project, file), 'utf8')) as Content
}

const manifest = read<Manifest>('package.json')
const lock = read<Lock>('package-lock.json')
const inProduction = Object.entries(lock.packages).filter(([, { dev }]) => dev !== true)

const folder = mkdtempSync(join(tmpdir(), 'doorward-sbom-'))
// npm names the application for the folder that it is in.
const named = join(folder, manifest.name)
try {
  mkdirSync(named)
  writeFileSync(join(named, 'package.json'), JSON.stringify({ ...manifest, devDependencies: undefined }))
  const packages = Object.fromEntries(inProduction.map(([path, entry]) => [path, { ...entry, devDependencies: undefined }]))
  writeFileSync(join(named, 'package-lock.json'), JSON.stringify({ ...lock, packages }))
  const { status } = spawnSync('npm', ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'], { cwd: named, stdio: 'inherit' })
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true })
}
