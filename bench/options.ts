import { parseArgs } from 'node:util'

export const subjectNames = ['bare', 'doorward', 'apache-cache', 'apache-cookie'] as const
export type SubjectName = typeof subjectNames[number]

/** Apache's limit of threads in a process, unless a file of its own raises it. */
export const mostConnections = 64

export interface Options {
  readonly help: boolean
  readonly rounds: number
  /** Per subject and round. */
  readonly requests: number
  readonly connections: number
  readonly only: readonly SubjectName[]
}

export const help = `Usage: npm run bench -- [options]

Measures what a proxied request costs: CPU of the gateway's processes, throughput, latency, memory. Every subject gets
the same requests in front of the same upstream, in turns, after a warm-up that does not count. Many short rounds tell
more than a few long ones: what disturbs the machine then disturbs one round of every subject.

  --rounds N        rounds that count (default 20)
  --requests N      requests per subject and round (default 5000)
  --connections N   connections of the load client (default 32, at most ${mostConnections})
  --only A,B        some of: ${subjectNames.join(', ')}
  --help            this text

  bare              the least a Node gateway can do: an http server that forwards with undici
  doorward          Doorward with a session, a rule that requires a role, identity headers and the assertion
  apache-cache      Apache with mod_auth_openidc, sessions on the server (skipped where it is not installed)
  apache-cookie     the same with sessions in the cookie

Everything runs on loopback. Results: a table here, and bench/results/latest.json. Linux only, as it reads /proc.
Exit code: 0, or 1 when a goal was missed or a subject did not answer as it should, or 2 for a wrong option.
`

/** @throws {Error} with a message for the person who typed the options */
export function readOptions (args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      rounds: { type: 'string', default: '20' },
      requests: { type: 'string', default: '5000' },
      connections: { type: 'string', default: '32' },
      only: { type: 'string', default: subjectNames.join(',') }
    }
  })
  return {
    help: values.help,
    rounds: wholeNumber('--rounds', values.rounds, 100),
    requests: wholeNumber('--requests', values.requests, 1_000_000),
    connections: wholeNumber('--connections', values.connections, mostConnections),
    only: values.only.split(',').map(subjectName)
  }
}

function wholeNumber (option: string, text: string, most: number): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > most) throw new Error(`${option}: expected a whole number from 1 to ${most}, found ${text}`)
  return number
}

function subjectName (text: string): SubjectName {
  const name = subjectNames.find((known) => known === text)
  if (name === undefined) throw new Error(`--only: there is no subject ${text}; expected some of ${subjectNames.join(', ')}`)
  return name
}
