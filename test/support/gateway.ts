import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { type Test } from 'tap'
import { stringify } from 'yaml'
import { placesOf, settings } from '../../src/config/settings.ts'
import { valueAt } from '../../src/config/path.ts'
import { type Configuration, loadConfiguration, problemText } from '../../src/config/index.ts'
import { proxyFrom } from '../../src/oidc/index.ts'
import { createGateway } from '../../src/gateway.ts'
import { createAudit, createLogger, createLogs, noTracing, type Tracing } from '../../src/observability/index.ts'
import { auditProblems } from './audit-line.ts'
import { clientId, clientSecret } from './provider.ts'
import { sawSecret, secretsIn } from './secrets-seen.ts'

export interface GatewayOptions {
  /** The issuer, or the URL of its discovery document; or several providers in the form of the configuration. */
  readonly issuer: string | ReadonlyArray<Readonly<Record<string, unknown>>>
  /** The application, or several in the form of the configuration. */
  readonly upstream: string | ReadonlyArray<Readonly<Record<string, unknown>>>
  /** Merged over the sections that a test needs anyway, section by section. */
  readonly configuration?: Readonly<Record<string, Record<string, unknown>>>
  /** Default: http://localhost and the port. An https origin is reached by the browser's `balancer`. */
  readonly publicUrl?: string
  /** Called with the origin before the gateway starts, to register the client. */
  readonly onOrigin?: (origin: string) => Promise<void>
  /** Between the gateway and the provider, by the variables of the environment that name it. */
  readonly environment?: Readonly<Record<string, string>>
  /** Default: none. The test closes it. */
  readonly tracing?: Tracing
  /** Default: the real one. */
  readonly now?: () => number
}

export interface TestGateway {
  readonly origin: string
  readonly port: number
  /** Where health and metrics are served, such as `http://127.0.0.1:34567`. */
  readonly admin: string
  readonly audit: Record<string, unknown>[]
  /** The audit trail as it is written, a line each. */
  readonly auditLines: string[]
  readonly logs: string[]
  /** Every public route, as `METHOD path`. */
  readonly routes: string[]
  /** Puts another configuration in place: these options in place of those that it was started with. */
  reload (changes: Partial<Pick<GatewayOptions, 'issuer' | 'upstream' | 'configuration'>>): Promise<void>
  close (): Promise<void>
}

export const testSecret = Buffer.alloc(32, 'doorward test').toString('base64')

/** Starts a gateway from YAML as a user would, on loopback; it ends with the test. */
export async function startGateway (t: Test, options: GatewayOptions): Promise<TestGateway> {
  try {
    return await startOnFreePort(t, options)
  } catch (error) {
    // Somebody else may take the port between the look for a free one and its use.
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return await startOnFreePort(t, options)
  }
}

async function startOnFreePort (t: Test, options: GatewayOptions): Promise<TestGateway> {
  const port = await freePort()
  const origin = options.publicUrl ?? `http://localhost:${port}`
  await options.onOrigin?.(origin)
  const file = `${t.testdir({})}/doorward.yaml`
  const configuration = load(file, options, origin, port)

  const audit: Record<string, unknown>[] = []
  const auditLines: string[] = []
  const logs: string[] = []
  const now = options.now ?? Date.now
  const routes: string[] = []
  const { app, admin, reload } = await createGateway(configuration, {
    now,
    proxy: proxyFrom(options.environment ?? {}),
    version: '1.2.3-test',
    tracing: options.tracing ?? noTracing,
    audit: createAudit((line) => {
      auditLines.push(line)
      audit.push(JSON.parse(line) as Record<string, unknown>)
    }, now),
    logOf: createLogs(createLogger({ level: 'trace', format: 'json', isTerminal: false, secretPaths: [] }, { write: (line) => { logs.push(line) } }), configuration.log.levels)
  })
  const close = async (): Promise<void> => { await Promise.all([app.close(), admin.close()]) }
  t.teardown(async () => {
    await close()
    requireSoundOutput(logs, auditLines)
  })
  await admin.listen({ host: '127.0.0.1', port: 0 })
  await app.listen({ host: '127.0.0.1', port })
  routes.push(...app.current().app.printRoutes({ commonPrefix: false }).split('\n').filter((line) => line !== ''))
  return { origin, port, admin: `http://127.0.0.1:${(admin.server.address() as AddressInfo).port}`, audit, auditLines, logs, routes, reload: async (changes) => { await reload(load(file, { ...options, ...changes }, origin, port)) }, close }
}

function sawSecretsOf (configuration: unknown): void {
  for (const { keys, path } of settings.filter(({ secret }) => secret)) {
    for (const value of placesOf(keys, configuration).flatMap((place) => valueAt(configuration, place))) sawSecret(path, Buffer.isBuffer(value) ? value.toString('base64') : value)
  }
}

/** Of every gateway: the log of all levels and the audit trail hold no secret, and the trail is what its schema says. */
function requireSoundOutput (logs: readonly string[], auditLines: readonly string[]): void {
  const leaks = secretsIn([...logs, ...auditLines].join(''))
  if (leaks.length > 0) throw new Error(`written down, and secret: ${leaks.join(', ')}`)
  const problems = auditLines.flatMap(auditProblems)
  if (problems.length > 0) throw new Error(`not as the schema of the audit trail says: ${problems.join('\n')}`)
}

/** Through a file, as a user would. */
function load (file: string, options: GatewayOptions, origin: string, port: number): Configuration {
  writeFileSync(file, configurationText(options, origin, port))
  const loaded = loadConfiguration({ file, environment: {} })
  if (!loaded.ok) throw new Error(loaded.problems.map(problemText).join('\n'))
  sawSecretsOf(loaded.configuration)
  return loaded.configuration
}

function configurationText ({ issuer, upstream, configuration = {} }: GatewayOptions, origin: string, port: number): string {
  const base: Record<string, Readonly<Record<string, unknown>>> = {
    // Another name of the site, and what raw requests ask for (test/support/raw-socket.ts).
    server: { listen: `127.0.0.1:${port}`, publicUrl: origin, hosts: [`127.0.0.1:${port}`, 'localhost'] },
    ...(typeof issuer === 'string' && { provider: { issuer, clientId, clientSecret } }),
    session: { secret: testSecret },
    ...(typeof upstream === 'string' && { upstream: { url: upstream } })
  }
  const sections = new Set([...Object.keys(base), ...Object.keys(configuration)])
  const merged = Object.fromEntries([...sections].map((section) => [section, { ...base[section], ...configuration[section] }]))
  const lists = {
    ...(typeof issuer !== 'string' && { providers: issuer.map((provider) => ({ clientId, clientSecret, ...provider })) }),
    ...(typeof upstream !== 'string' && { upstreams: upstream })
  }
  return stringify({ ...merged, ...lists })
}

const givenPorts = new Set<number>()

/** The public URL names the port, so the port is known before there is a gateway. Never the same twice: the system may give one out again at once. */
export async function freePort (): Promise<number> {
  const port = await lookForPort()
  if (givenPorts.has(port)) return await freePort()
  givenPorts.add(port)
  return port
}

async function lookForPort (): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const address = server.address()
  await new Promise((resolve) => { server.close(resolve) })
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
