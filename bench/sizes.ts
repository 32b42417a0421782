/** How much there is of everything that capacity is planned by: cookies, headers, what lies in Redis, and what a sign-in costs. */
import { createServer } from 'node:http'
import { listenOnLoopback } from '../demo/loopback.ts'
import { type People } from '../demo/people.ts'
import { type Bench, type Findings } from './bench.ts'
import { startRedisRecords } from './redis-records.ts'
import { cpuMicroseconds } from './process-tree.ts'
import { stopProgram } from './programs.ts'
import { type Doorward, launchDoorward } from './subjects/doorward.ts'
import { table } from './table.ts'
import { protectedPath } from './upstream.ts'
import { signIn } from './visitors.ts'

const groupCounts = [1, 20, 50, 100, 200]
const kinds = { names: (number: number) => `department-${String(number).padStart(4, '0')}`, ids: (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}` }
type Kind = keyof typeof kinds

const shapes = Object.keys(kinds).flatMap((kind) => groupCounts.map((groups) => ({ kind: kind as Kind, groups })))
const userOf = ({ kind, groups }: Shape): string => `in-${groups}-${kind}`

/** Until V8 has compiled what a sign-in runs through. */
const warmUpSignIns = 60
const countedSignIns = 60

interface Shape {
  readonly kind: Kind
  readonly groups: number
}

interface Sizes extends Shape {
  /** Of the Cookie header. */
  readonly cookieBytes: number
  readonly cookies: number
  /** Of the header section that the application gets, and of the signed assertion in it. */
  readonly headerBytes: number
  readonly assertionBytes: number
  /** Of the memory of Redis, where it is installed. */
  readonly redisBytes: number | undefined
}

/** At the provider. */
export const peopleInGroups: People = Object.fromEntries(shapes.map((shape) => [userOf(shape), {
  name: 'Some Person',
  given_name: 'Some',
  family_name: 'Person',
  preferred_username: userOf(shape),
  email: 'some.person@example.com',
  email_verified: true,
  groups: Array.from({ length: shape.groups }, (_, number) => kinds[shape.kind](number))
}]))

export async function measureSizes ({ parts, say }: Bench): Promise<Findings> {
  const application = await startRecorder()
  const behind = { ...parts, upstream: { ...parts.upstream, origin: application.origin } }
  const records = await startRedisRecords(behind).catch((error: unknown) => { say(`sizes: without Redis, ${String(error)}`) })
  try {
    const doorward = await launchDoorward(behind, { id: 'sizes', title: 'Doorward', user: 'alice', sections: { access: { default: 'authenticated' } } })
    const sizes: Sizes[] = []
    for (const shape of shapes) sizes.push({ ...await measureOne(shape, doorward, application), redisBytes: await records?.sessionBytes(userOf(shape)) })
    const figures = { sizes, redisEndBytes: await records?.endBytes(), signInMilliseconds: await measureSignIns(doorward) }
    await stopProgram(doorward)
    return { text: sizesText(figures), goals: [], figures }
  } finally {
    await records?.close()
    await application.close()
  }
}

function sizesText ({ sizes, redisEndBytes, signInMilliseconds }: { sizes: readonly Sizes[], redisEndBytes: number | undefined, signInMilliseconds: number }): string {
  const rows = sizes.map(({ kind, groups, ...bytes }) => [`${groups} ${kind}`, ...[bytes.cookieBytes, bytes.cookies, bytes.headerBytes, bytes.assertionBytes, bytes.redisBytes].map((number) => number?.toFixed(0) ?? '–')])
  return [
    table(['bytes, by groups', 'Cookie', 'cookies', 'headers to the application', 'assertion', 'session in Redis'], rows),
    `the end of a session takes ${redisEndBytes?.toFixed(0) ?? '–'} bytes in Redis, a sign-in ${signInMilliseconds.toFixed(1)} ms of CPU`
  ].join('\n')
}

async function measureOne (shape: Shape, doorward: Doorward, application: Recorder): Promise<Omit<Sizes, 'redisBytes'>> {
  const user = userOf(shape)
  const browser = await signIn({ ...doorward, tells: { ...doorward.tells, user } }, protectedPath)
  // On localhost the provider's cookies come along.
  const all = browser.jar.header(new URL(protectedPath, doorward.origin)) ?? ''
  const own = all.split('; ').filter((pair) => /^doorward(\.\d)?=/.test(pair))
  const cookie = own.join('; ')
  await browser.get(doorward.origin + protectedPath, { program: true, headers: { cookie } })
  return {
    ...shape,
    cookieBytes: cookie.length,
    cookies: own.length,
    headerBytes: application.last().headerBytes,
    assertionBytes: application.last().assertionBytes
  }
}

/** Of Doorward alone, without TLS to the provider. */
async function measureSignIns (doorward: Doorward): Promise<number> {
  const times = async (count: number): Promise<void> => {
    for (let number = 0; number < count; number++) await signIn({ ...doorward, tells: { ...doorward.tells, user: 'alice' } }, protectedPath)
  }
  await times(warmUpSignIns)
  const before = cpuMicroseconds(doorward.pid)
  await times(countedSignIns)
  return (cpuMicroseconds(doorward.pid) - before) / 1_000 / countedSignIns
}

interface Recorder {
  readonly origin: string
  last (): Pick<Sizes, 'headerBytes' | 'assertionBytes'>
  close (): Promise<void>
}

/** An application that looks at how much it is sent. */
async function startRecorder (): Promise<Recorder> {
  let last = { headerBytes: 0, assertionBytes: 0 }
  const server = createServer({ maxHeaderSize: 256 * 1024 }, (request, response) => {
    const { method = '', url = '', rawHeaders, headers } = request
    const line = `${method} ${url} HTTP/1.1\r\n`
    // A name and a value for each line: ": " between them, a line break after.
    last = { headerBytes: line.length + rawHeaders.join('').length + rawHeaders.length / 2 * 4 + 2, assertionBytes: String(headers['x-auth-assertion']).length }
    response.end('ok')
  })
  const { port, close } = await listenOnLoopback(server, 0)
  return { origin: `http://127.0.0.1:${port}`, last: () => last, close }
}
