import { readClaims } from './claims-file.ts'
import { exitInvalidConfiguration, readConfiguration } from './configuration.ts'
import { createPaint } from './paint.ts'
import { printedJson } from './printed-json.ts'
import { createPolicy, explanationOf, explanationTree } from './policy/index.ts'
import { canonicalAddress } from '../request-origin/index.ts'
import { type Terminal } from './terminal.ts'
import { treeText } from './tree-text.ts'

const exitCodes = { allowed: 0, usage: 2, refused: 3 } as const

interface ExplainArguments {
  /** A JSON file that holds the claims of one person, or `-` for standard input. */
  readonly claims?: string | undefined
  readonly path?: string | undefined
  readonly method?: string | undefined
  /** Which of the hosts of this Doorward is asked for. */
  readonly host?: string | undefined
  /** The client’s. */
  readonly address?: string | undefined
  /** Id of the provider that sent the claims. */
  readonly provider?: string | undefined
  readonly json?: boolean | undefined
  readonly config?: string | undefined
}

/** `doorward explain`: what claims become, the rule behind each thing, and with a path whether they open it. */
export async function explain (args: ExplainArguments, terminal: Terminal): Promise<number> {
  const { path, method = 'GET', host, address } = args
  if (args.claims === undefined) return usageError(terminal, 'expected --claims FILE.json, or - for standard input')
  const needsPath = (['method', 'host', 'address'] as const).find((flag) => args[flag] !== undefined)
  if (needsPath !== undefined && path === undefined) return usageError(terminal, `--${needsPath} needs --path`)
  if (address !== undefined && canonicalAddress(address) === undefined) return usageError(terminal, `expected --address, an IP address; found ${JSON.stringify(address)}`)
  const claims = await readClaims(args.claims, terminal)
  if (typeof claims === 'string') return usageError(terminal, `${args.claims === '-' ? 'standard input' : args.claims}: ${claims}`)

  const loaded = await readConfiguration(args.config, terminal)
  if (loaded === undefined) return exitInvalidConfiguration
  const policy = createPolicy(loaded.configuration)
  const [only, ...more] = policy.providers
  const provider = args.provider ?? (more.length === 0 ? only : undefined)
  if (provider === undefined || !policy.providers.includes(provider)) return usageError(terminal, `expected --provider, one of ${policy.providers.join(', ')}`)
  const explanation = explanationOf(policy, claims, provider, path === undefined ? undefined : { method: method.toUpperCase(), path, host, address })
  terminal.stdout(args.json === true ? printedJson(explanation) : treeText(explanationTree(explanation), createPaint(terminal)))
  return exitCodes[explanation.outcome]
}

function usageError (terminal: Terminal, problem: string): number {
  terminal.stderr(`doorward explain: ${problem}\n`)
  return exitCodes.usage
}
