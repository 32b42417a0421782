import { parseArgs } from 'node:util'

export const subjectNames = ['bare', 'bare-lines', 'doorward', 'apache-cache', 'apache-cookie', 'oauth2-proxy'] as const
export type SubjectName = typeof subjectNames[number]

export const measurementNames = ['cost', 'scale', 'pace', 'idle', 'start', 'sizes', 'soak'] as const
/** A soak takes longer than all others together; sizes change only with the code, and have no goal. */
const usualMeasurements = measurementNames.filter((name) => name !== 'soak' && name !== 'sizes')
export type MeasurementName = typeof measurementNames[number]

/** Apache's limit of threads in a process, unless a file of its own raises it. */
export const mostConnections = 64

export interface Options {
  readonly help: boolean
  readonly profile: boolean
  readonly measure: readonly MeasurementName[]
  readonly rounds: number
  /** Per subject and round. */
  readonly requests: number
  readonly connections: number
  readonly only: readonly SubjectName[]
  /** Of a soak. */
  readonly minutes: number
  /** Requests a second in a soak. */
  readonly rate: number
}

export const help = `Usage: npm run bench -- [options]

Measures what a proxied request through Doorward costs, beside other gateways and beside itself. Every subject gets the
same requests in front of the same upstream, in turns, after a warm-up that does not count. Many short rounds tell more
than a few long ones: what disturbs the machine then disturbs one round of every subject.

  --measure A,B     some of: ${measurementNames.join(', ')} (default all but sizes and soak, about three minutes)
  --rounds N        rounds that count (default 20; scale takes at most 10, pace always 8)
  --requests N      requests per subject and round at full load (default 5000)
  --connections N   connections of the load client (default 32, at most ${mostConnections}; idle has its own)
  --only A,B        subjects of cost, some of: ${subjectNames.join(', ')}
  --minutes N       how long soak takes (default 10)
  --rate N          requests a second in soak (default 100)
  --profile         say where Doorward's time goes in cost and pace; its start included; being profiled costs a little
  --help            this text

  cost              CPU, throughput, latency and memory at full load
  scale             CPU of Doorward with many groups, rules, upstreams and sessions, by that with one of each
  pace              latency at half of Doorward's full load, requests at even distances, beside the upstream alone
  idle              memory with 10,000 connections on which nothing happens any more
  start             time from the start of the process until it is ready, and memory before anybody has come
  sizes             bytes of cookies, headers and Redis records by the number of groups, and CPU of a sign-in
  soak              what grows in ten minutes of requests, sign-ins, refreshes and WebSockets, while the application,
                    the provider and Redis fail in turns; needs redis-server

  bare              the least a Node gateway can do: an http server that forwards with undici
  bare-lines        the same, which adds as many header lines to a request as Doorward does
  doorward          Doorward with a session, a rule that requires a role, identity headers and the assertion
  apache-cache      Apache with mod_auth_openidc, sessions on the server
  apache-cookie     the same with sessions in the cookie
  oauth2-proxy      oauth2-proxy 7, sessions in the cookie, on the PATH or where go install puts it

What is not installed is left out, and the goals that need it are reported as not measured. Everything runs on
loopback. Results: tables here, and bench/results/latest.json. Linux only, as it reads /proc.
Exit code: 0, or 1 when a goal was missed or a subject did not answer as it should, or 2 for a wrong option.
`

/** @throws {Error} with a message for the person who typed the options */
export function readOptions (args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      profile: { type: 'boolean', default: false },
      measure: { type: 'string', default: usualMeasurements.join(',') },
      rounds: { type: 'string', default: '20' },
      requests: { type: 'string', default: '5000' },
      connections: { type: 'string', default: '32' },
      minutes: { type: 'string', default: '10' },
      rate: { type: 'string', default: '100' },
      only: { type: 'string', default: subjectNames.join(',') }
    }
  })
  return {
    help: values.help,
    profile: values.profile,
    measure: values.measure.split(',').map((text) => oneOf(measurementNames, '--measure', text)),
    rounds: wholeNumber('--rounds', values.rounds, 100),
    requests: wholeNumber('--requests', values.requests, 1_000_000),
    connections: wholeNumber('--connections', values.connections, mostConnections),
    minutes: wholeNumber('--minutes', values.minutes, 24 * 60),
    rate: wholeNumber('--rate', values.rate, 5_000),
    only: values.only.split(',').map((text) => oneOf(subjectNames, '--only', text))
  }
}

function wholeNumber (option: string, text: string, most: number): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > most) throw new Error(`${option}: expected a whole number from 1 to ${most}, found ${text}`)
  return number
}

function oneOf<Name extends string> (names: readonly Name[], option: string, text: string): Name {
  const name = names.find((known) => known === text)
  if (name === undefined) throw new Error(`${option}: expected some of ${names.join(', ')}, found ${text}`)
  return name
}
