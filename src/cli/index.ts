/**
 * The command line: what can be asked of `doorward`, and the exit code of each answer.
 *
 * Owns arguments, help and output. It does not own what the commands work on, and does not touch the process: that is
 * handed over by main.ts.
 */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'
import type { Host } from './serve.ts'
import { version } from './version.ts'

export type { Host } from './serve.ts'

type Values = Readonly<Record<string, string | boolean | undefined>>

interface Command {
  readonly summary: string
  /** The name of what it takes beside flags, which is handed over under that name. */
  readonly operand?: string
  /** Flag → its value's name and what it does; a flag without a value name is a switch. */
  readonly flags: Readonly<Record<string, { readonly value?: string, readonly does: string }>>
  /** Reads what it needs once it is asked for: a health check has no use for a gateway. */
  run (values: Values, host: Host): Promise<number>
}

const config = { value: 'FILE', does: 'configuration file (default: $DOORWARD_CONFIG, ./doorward.yaml, /etc/doorward/doorward.yaml)' }

const commands: Readonly<Record<string, Command>> = {
  serve: {
    summary: 'run the gateway',
    flags: { config },
    run: (values, host) => import('./serve.ts').then(({ serve }) => serve({ config: text(values['config']) }, host))
  },
  check: {
    summary: 'read the configuration and print every problem in it',
    flags: { config },
    run: (values, host) => import('./check.ts').then(({ check }) => check({ config: text(values['config']) }, host))
  },
  doctor: {
    summary: 'look at provider, Redis and applications, and say what would keep people from signing in',
    flags: {
      provider: { value: 'ID', does: 'look at this provider alone' },
      json: { does: 'print JSON' },
      config
    },
    run: (values, host) => import('./doctor/index.ts').then(({ doctor }) => doctor({ config: text(values['config']), provider: text(values['provider']), json: values['json'] === true }, host))
  },
  explain: {
    summary: 'show what a set of claims becomes, and why',
    flags: {
      claims: { value: 'FILE.json', does: 'the claims of a person, as the provider would send them; - for standard input' },
      path: { value: 'PATH', does: 'also decide about this path' },
      method: { value: 'METHOD', does: 'with this method (default: GET)' },
      host: { value: 'HOST', does: 'at this host (default: that of the public URL)' },
      address: { value: 'IP', does: 'from this client address (default: one that is not known)' },
      provider: { value: 'ID', does: 'the provider that sent them (needed where there are several)' },
      json: { does: 'print JSON' },
      config
    },
    run: (values, host) => import('./explain.ts').then(({ explain }) => explain({
      claims: text(values['claims']), path: text(values['path']), method: text(values['method']), host: text(values['host']), address: text(values['address']), provider: text(values['provider']), json: values['json'] === true, config: text(values['config'])
    }, host))
  },
  healthcheck: {
    summary: 'ask the Doorward that runs with this configuration whether it lives',
    flags: { ready: { does: 'ask whether people should be sent to it' }, config },
    run: (values, host) => import('./healthcheck.ts').then(({ healthcheck }) => healthcheck({ ready: values['ready'] === true, config: text(values['config']) }, host))
  },
  test: {
    summary: 'hold the configuration against a file of expectations',
    operand: 'FILE',
    flags: { json: { does: 'print JSON' }, config },
    run: (values, host) => import('./test-policy.ts').then(({ testPolicy }) => testPolicy({ file: text(values['FILE']), json: values['json'] === true, config: text(values['config']) }, host))
  },
  'sessions revoke': {
    summary: 'end the sessions of somebody at the Doorward that runs with this configuration',
    flags: {
      user: { value: 'NAME', does: 'all of a user, at any provider' },
      sub: { value: 'SUBJECT', does: 'all of a subject of the provider' },
      sid: { value: 'ID', does: 'those that the provider calls so' },
      session: { value: 'ID', does: 'one, by its id in the audit trail' },
      provider: { value: 'ID', does: 'whose --sub or --sid it is, where there are several' },
      config
    },
    run: (values, host) => import('./sessions-revoke.ts').then(({ revokeSessions }) => revokeSessions({
      user: text(values['user']), sub: text(values['sub']), sid: text(values['sid']), session: text(values['session']), provider: text(values['provider']), config: text(values['config'])
    }, host))
  },
  audit: {
    summary: 'show an audit trail, or what of it is asked for',
    operand: 'FILE',
    flags: {
      event: { value: 'EVENT', does: 'such as login or access.denied' },
      outcome: { value: 'OUTCOME', does: 'success or failure' },
      reason: { value: 'REASON', does: 'such as rule_denied' },
      user: { value: 'NAME', does: 'a user name, a subject or an email address' },
      ip: { value: 'ADDRESS', does: 'the client’s address' },
      session: { value: 'ID', does: 'one session' },
      request: { value: 'ID', does: 'the reference of a page or of a log line' },
      since: { value: 'TIME', does: '2026-01-31, 2026-01-31T08:00:00Z, or how long ago: 2h' },
      until: { value: 'TIME', does: 'likewise' },
      json: { does: 'print the lines as they are' },
      config: { value: 'FILE', does: 'configuration whose audit.pseudonymKey the pseudonyms in the file were made with' }
    },
    run: (values, host) => import('./audit.ts').then(({ showAudit }) => showAudit({
      file: text(values['FILE']),
      event: text(values['event']),
      outcome: text(values['outcome']),
      reason: text(values['reason']),
      user: text(values['user']),
      ip: text(values['ip']),
      session: text(values['session']),
      request: text(values['request']),
      since: text(values['since']),
      until: text(values['until']),
      json: values['json'] === true,
      config: text(values['config'])
    }, host, Date.now))
  },
  keygen: {
    summary: 'print a fresh key',
    flags: { type: { value: 'session|assertion', does: 'what the key is for (default: session)' } },
    run: (values, host) => import('./keygen.ts').then(({ keygen }) => keygen({ type: text(values['type']) }, host))
  },
  schema: {
    summary: 'print the JSON Schema of the configuration',
    flags: {},
    run: (_values, host) => import('./schema.ts').then(({ schema }) => schema({}, host))
  }
}

const exitUsage = 2

/** Runs one command line, without the name of the program. Never throws for what a person typed. */
export async function run (args: readonly string[], host: Host): Promise<number> {
  const [name = '--help', ...rest] = commandFirst(args)
  if (name === '--help' || name === '-h' || name === 'help') return say(host, overview())
  if (name === '--version') return say(host, `doorward ${version()}\n`)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) return usageError(host, `there is no command “${name}”`)
  const values = parse(rest, command)
  if (typeof values === 'string') return usageError(host, values)
  if (values['help'] === true) return say(host, help(name, command))
  if (values['version'] === true) return say(host, `doorward ${version()}\n`)
  return await command.run(values, host)
}

/** A command may be of two words. */
function commandFirst (args: readonly string[]): readonly string[] {
  const [first, second, ...rest] = args
  const both = `${first} ${second}`
  return Object.hasOwn(commands, both) ? [both, ...rest] : args
}

function parse (args: string[], command: Command): Values | string {
  const options: ParseArgsOptionsConfig = { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } }
  for (const [flag, { value }] of Object.entries(command.flags)) options[flag] = { type: value === undefined ? 'boolean' : 'string' }
  try {
    const { values, positionals } = parseArgs({ args, options, strict: true, allowPositionals: command.operand !== undefined })
    if (positionals.length > 1) return `expected one ${command.operand ?? ''}`
    return { ...values as Values, ...command.operand !== undefined && { [command.operand]: positionals[0] } }
  } catch (error) {
    return error instanceof Error ? error.message.split('. ', 1)[0] ?? '' : 'the arguments can’t be read'
  }
}

function overview (): string {
  const lines = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(17)}${summary}`)
  return `Doorward ${version()}, an authentication gateway for OpenID Connect\n\nUsage: doorward COMMAND [FLAGS]\n\n${lines.join('\n')}\n\n  --help    on its own or after a command\n  --version\n`
}

function help (name: string, { summary, operand, flags }: Command): string {
  const lines = Object.entries(flags).map(([flag, { value, does }]) => `  ${`--${flag}${value === undefined ? '' : ` ${value}`}`.padEnd(26)}${does}`)
  return `doorward ${name}: ${summary}\n\nUsage: doorward ${name}${operand === undefined ? '' : ` ${operand}`}${lines.length > 0 ? ' [FLAGS]' : ''}\n\n${[...lines, '  --help'].join('\n')}\n`
}

function usageError (host: Host, problem: string): number {
  host.stderr(`doorward: ${problem}\nSee doorward --help\n`)
  return exitUsage
}

function say (host: Host, output: string): number {
  host.stdout(output)
  return 0
}

function text (value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
