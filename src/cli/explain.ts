import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createAccess, referencedClaims } from '../access/index.ts'
import { type Configuration, providersOf } from '../config/index.ts'
import { type Claims, createMapping, type MappingResult } from '../mapping/index.ts'
import { canonicalPath, isUnderBasePath } from '../pipeline/index.ts'
import { type Authentication, authenticationOf } from '../step-up.ts'
import { exitInvalidConfiguration, readConfiguration } from './configuration.ts'
import { type Explanation, explanationText, type RequestVerdict } from './explanation.ts'
import { type Terminal } from './terminal.ts'

const exitCodes = { allowed: 0, usage: 2, refused: 3 } as const

interface ExplainArguments {
  /** A JSON file that holds the claims of one person. */
  readonly claims?: string | undefined
  readonly path?: string | undefined
  readonly method?: string | undefined
  /** Id of the provider that sent the claims. */
  readonly provider?: string | undefined
  readonly json?: boolean | undefined
  readonly config?: string | undefined
}

/** `doorward explain`: what claims become, the rule behind each thing, and with a path whether they open it. */
export async function explain (args: ExplainArguments, terminal: Terminal): Promise<number> {
  if (args.claims === undefined) return usageError(terminal, 'expected --claims FILE.json')
  if (args.method !== undefined && args.path === undefined) return usageError(terminal, '--method needs --path')
  const claims = readClaims(resolve(terminal.cwd, args.claims))
  if (typeof claims === 'string') return usageError(terminal, `${args.claims}: ${claims}`)

  const loaded = await readConfiguration(args.config, terminal)
  if (loaded === undefined) return exitInvalidConfiguration
  const ids = providersOf(loaded.configuration).map(({ id }) => id)
  const provider = args.provider ?? (ids.length === 1 ? ids[0] : undefined)
  if (provider === undefined || !ids.includes(provider)) return usageError(terminal, `expected --provider, one of ${ids.join(', ')}`)
  const explanation = explanationOf(loaded.configuration, claims, provider, args)
  terminal.stdout(args.json === true ? `${JSON.stringify(explanation, null, 2)}\n` : explanationText(explanation))
  return exitCodes[explanation.outcome]
}

function usageError (terminal: Terminal, problem: string): number {
  terminal.stderr(`doorward explain: ${problem}\n`)
  return exitCodes.usage
}

/** The claims, or what is wrong with the file. Claims noted by hand rarely have a subject, and no rule is about it. */
function readClaims (file: string): Claims | string {
  try {
    const claims: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return 'expected a JSON object that holds claims'
    const person: Claims = { sub: 'unknown', ...claims }
    return typeof person['sub'] === 'string' && person['sub'] !== '' ? person : 'expected the claim sub to be text'
  } catch (error) {
    return error instanceof SyntaxError ? `not valid JSON: ${error.message}` : 'can’t be read'
  }
}

function explanationOf (configuration: Configuration, claims: Claims, provider: string, { path, method = 'GET' }: ExplainArguments): Explanation {
  const mapping = createMapping({ ...configuration, providers: providersOf(configuration), keepClaims: referencedClaims(configuration.access.rules) })
  const mapped = mapping(claims, provider)
  const request = path === undefined ? undefined : requestVerdict(configuration, mapped, claims, { target: path, method: method.toUpperCase() })
  const isAllowed = mapped.refusal === undefined && (request === undefined || request.outcome === 'allow' || request.outcome === 'own_route')
  return { outcome: isAllowed ? 'allowed' : 'refused', ...mapped, ...request && { request } }
}

/** Decided as the gateway would; whoever is not let in at the sign-in asks as a stranger. */
function requestVerdict ({ access, server }: Configuration, { identity, refusal }: MappingResult, claims: Claims, { target, method }: { readonly target: string, readonly method: string }): RequestVerdict {
  const admitted = canonicalPath(target)
  if (!admitted.ok) return { method, path: target, outcome: admitted.code }
  if (isUnderBasePath(admitted.readings, server.basePath)) return { method, path: target, outcome: 'own_route' }
  const decision = createAccess(access).decide({ ...admitted, method, host: new URL(server.publicUrl).host, clientAddress: '' }, refusal === undefined ? identity : undefined, authenticationIn(claims))
  return { method, path: target, ...decision }
}

/** As the claims of an id_token say at its own time (`iat`): the file is not about now. */
function authenticationIn ({ acr, auth_time: authTime, iat = authTime }: Claims): Authentication {
  return authenticationOf({
    ...typeof acr === 'string' && { acr },
    ...typeof authTime === 'number' && { authTime }
  }, Number(iat) * 1000, 0)
}
