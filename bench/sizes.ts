/** How much there is of everything that capacity is planned by: cookies, headers, what lies in Redis, and what a sign-in costs. */
import { createServer } from 'node:http'
import { listenOnLoopback } from '../demo/loopback.ts'
import { type People } from '../demo/people.ts'
import { type Bench, type Findings } from './bench.ts'
import { measureRecords, type Records } from './redis-records.ts'
import { openSession } from './sealed-people.ts'
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
  readonly redis: Records | undefined
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

export async function measureSizes ({ parts }: Bench): Promise<Findings> {
  const application = await startRecorder()
  try {
    const doorward = await launchDoorward({ ...parts, upstream: { ...parts.upstream, origin: application.origin } }, {
      id: 'sizes', title: 'Doorward', user: 'alice', sections: { access: { default: 'authenticated' } }
    })
    const sizes: Sizes[] = []
    for (const shape of shapes) sizes.push(await measureOne(shape, doorward, application))
    const signInMilliseconds = await measureSignIns(doorward)
    await stopProgram(doorward)
    return { text: sizesText(sizes, signInMilliseconds), goals: [], figures: { sizes, signInMilliseconds } }
  } finally {
    await application.close()
  }
}

function sizesText (sizes: readonly Sizes[], signInMilliseconds: number): string {
  const rows = sizes.map(({ kind, groups, cookieBytes, cookies, headerBytes, assertionBytes, redis }) => [
    `${groups} ${kind}`, String(cookieBytes), String(cookies), String(headerBytes), String(assertionBytes), ...[redis?.recordBytes, redis?.sessionBytes, redis?.revocationBytes].map((bytes) => bytes?.toFixed(0) ?? '–')
  ])
  return [
    table(['bytes, by groups', 'Cookie', 'cookies', 'headers to the application', 'assertion', 'record in Redis', 'session in Redis', 'its end'], rows),
    `a sign-in takes ${signInMilliseconds.toFixed(1)} ms of CPU`
  ].join('\n')
}

async function measureOne (shape: Shape, doorward: Doorward, application: Recorder): Promise<Sizes> {
  const user = userOf(shape)
  const browser = await signIn({ ...doorward, tells: { ...doorward.tells, user } }, protectedPath)
  // On localhost the provider's cookies come along.
  const all = browser.jar.header(new URL(protectedPath, doorward.origin)) ?? ''
  const own = all.split('; ').filter((pair) => /^doorward(\.\d)?=/.test(pair))
  const cookie = own.join('; ')
  await browser.get(doorward.origin + protectedPath, { program: true, headers: { cookie } })
  const { session } = await openSession(doorward, cookie)
  return {
    ...shape,
    cookieBytes: cookie.length,
    cookies: own.length,
    headerBytes: application.last().headerBytes,
    assertionBytes: application.last().assertionBytes,
    redis: await measureRecords(session).catch(() => undefined)
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
