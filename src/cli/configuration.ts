import { createPrivateKey, X509Certificate } from 'node:crypto'
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { AssertionKeyError, publishedKey, signingKey } from '../assertion/index.ts'
import { type Configuration, type ConfigurationProblem, loadConfiguration, type LoadOutcome, problemText, providersOf, type ReadFile } from '../config/index.ts'
import { ClientKeyError, publicClientKey, readClientKey, readDecryptionKey, readServiceAccount } from '../oidc/index.ts'
import { type Terminal } from './terminal.ts'

/** EX_CONFIG of sysexits.h: what a command ends with where `readConfiguration` gave nothing. */
export const exitInvalidConfiguration = 78

export type LoadedConfiguration = Extract<LoadOutcome, { ok: true }>

/** A setting that only the part which uses it can judge, and what is wrong with it. */
interface Finding {
  readonly setting: ReadonlyArray<string | number>
  readonly message: string
}

/** Reads the configuration as every command does. Undefined where it is invalid, after every problem was printed to standard error. */
export async function readConfiguration (file: string | undefined, terminal: Terminal, readFile?: ReadFile): Promise<LoadedConfiguration | undefined> {
  const loaded = await loadForUse(file, terminal, readFile)
  if (loaded.ok) return loaded
  for (const problem of loaded.problems) terminal.stderr(`${problemText(problem)}\n`)
  return undefined
}

/** The same, and says nothing: what is wrong is in the outcome. @param readFile default: the disk */
export async function loadForUse (file: string | undefined, { environment, cwd }: Terminal, readFile?: ReadFile): Promise<LoadOutcome> {
  const loaded = loadConfiguration({ file, environment, cwd, ...readFile !== undefined && { readFile } })
  if (!loaded.ok) return loaded
  const problems = await problemsInUse(loaded, cwd)
  return problems.length === 0 ? loaded : { ok: false, problems }
}

async function problemsInUse ({ configuration, problemWith }: LoadedConfiguration, cwd: string): Promise<ConfigurationProblem[]> {
  const { assertion, server, audit } = configuration
  const findings = [
    ...await assertionFindings(assertion),
    ...await clientFindings(configuration, cwd),
    ...certificateFindings(['server', 'tls'], server.tls, cwd),
    ...auditFindings(audit.destination, cwd)
  ]
  return findings.map(({ setting, message }) => problemWith(setting, message))
}

async function assertionFindings ({ algorithm, key, previousKeys }: Configuration['assertion']): Promise<Finding[]> {
  const attempts = [
    ...key === undefined ? [] : [keyFinding(['assertion', 'key'], signingKey(key, algorithm))],
    ...previousKeys.map((previous, index) => keyFinding(['assertion', 'previousKeys', index], publishedKey(previous, algorithm)))
  ]
  return (await Promise.all(attempts)).flat()
}

async function clientFindings (configuration: Configuration, cwd: string): Promise<Finding[]> {
  const findings = providersOf(configuration).map(async ({ profile, clientKey, previousClientKeys, decryptionKeys, clientCertificate, groupSource: { serviceAccountKey } }, index) => {
    const place = configuration.provider === undefined ? ['providers', index] : ['provider']
    const keys = [
      ...clientKey === undefined ? [] : [keyFinding([...place, 'clientKey'], readClientKey(clientKey, { isStrict: profile === 'fapi2' }))],
      ...previousClientKeys.map((previous, index) => keyFinding([...place, 'previousClientKeys', index], publicClientKey(previous))),
      ...decryptionKeys.map((key, index) => keyFinding([...place, 'decryptionKeys', index], readDecryptionKey(key))),
      ...serviceAccountKey === undefined ? [] : [keyFinding([...place, 'groupSource', 'serviceAccountKey'], Promise.resolve(serviceAccountKey).then(readServiceAccount))]
    ]
    return [...(await Promise.all(keys)).flat(), ...certificateFindings([...place, 'clientCertificate'], clientCertificate, cwd)]
  })
  return (await Promise.all(findings)).flat()
}

async function keyFinding (setting: Finding['setting'], reading: Promise<unknown>): Promise<Finding[]> {
  try {
    await reading
    return []
  } catch (error) {
    if (error instanceof AssertionKeyError || error instanceof ClientKeyError) return [{ setting, message: error.message }]
    throw error
  }
}

function certificateFindings (setting: Finding['setting'], tls: Configuration['server']['tls'], cwd: string): Finding[] {
  if (tls === undefined) return []
  const [certificate, key] = [tls.certFile, tls.keyFile].map((file) => readFileSync(resolve(cwd, file), 'utf8'))
  if (new X509Certificate(certificate ?? '').checkPrivateKey(createPrivateKey(key ?? ''))) return []
  return [{ setting: [...setting, 'keyFile'], message: `${tls.keyFile} is not the key of the first certificate in ${tls.certFile}` }]
}

/** The file is not made here: whoever only checks leaves nothing behind. */
function auditFindings (destination: string, cwd: string): Finding[] {
  if (destination === 'stdout') return []
  const file = resolve(cwd, destination)
  const setting = ['audit', 'destination']
  try {
    if (!existsSync(file)) accessSync(dirname(file), constants.W_OK | constants.X_OK)
    else if (statSync(file).isDirectory()) return [{ setting, message: `${destination} is a directory, not a file` }]
    else accessSync(file, constants.W_OK)
    return []
  } catch (error) {
    return [{ setting, message: `${destination} can’t be opened for writing (${errorCode(error)})` }]
  }
}

/** What the system calls the failure, such as ENOENT. */
export function errorCode (error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
