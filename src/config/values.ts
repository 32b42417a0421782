import { z } from 'zod'
import { patternProblem } from '../patterns/index.ts'
import { isHost, trustedRange } from '../request-origin/index.ts'

const unitMilliseconds = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const durationPattern = /^(\d{1,9})(ms|s|m|h|d)$/

const expectedDuration = 'expected a duration such as 500ms, 30s, 15m, 8h or 7d'
const longestDuration = '365d'

/** Text such as `30s`, between `shortest` and a year; the parsed value is in milliseconds. */
export function duration (fallback: string, shortest = '0s') {
  return durationFrom(shortest).prefault(fallback)
}

/** The same, without a default. */
export function durationFrom (shortest: string) {
  return z.string({ error: (issue) => typeof issue.input === 'number' ? `${expectedDuration}; a number needs a unit` : expectedDuration })
    .regex(durationPattern, { error: expectedDuration })
    .transform(toMilliseconds)
    .refine((milliseconds) => milliseconds >= toMilliseconds(shortest), { error: `expected at least ${shortest}` })
    .refine((milliseconds) => milliseconds <= toMilliseconds(longestDuration), { error: `expected at most ${longestDuration}` })
    .meta({ title: 'duration' })
}

function toMilliseconds (text: string): number {
  const [, count, unit] = durationPattern.exec(text) ?? []
  return Number(count) * unitMilliseconds[unit as keyof typeof unitMilliseconds]
}

/** The duration as an administrator would write it: in the largest unit that divides it. */
export function durationText (milliseconds: number): string {
  const [unit, size] = Object.entries(unitMilliseconds).findLast(([, size]) => milliseconds % size === 0) ?? ['ms', 1]
  return `${milliseconds / size}${unit}`
}

const unitBytes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const
const sizePattern = /^(\d{1,9})(B|KiB|MiB|GiB)$/
const expectedSize = 'expected a size such as 512KiB, 10MiB or 2GiB'

/** Text such as `10MiB`; the parsed value is in bytes. */
export const size = z.string({ error: (issue) => typeof issue.input === 'number' ? `${expectedSize}; a number needs a unit` : expectedSize })
  .regex(sizePattern, { error: expectedSize })
  .transform((text) => {
    const [, count, unit] = sizePattern.exec(text) ?? []
    return Number(count) * unitBytes[unit as keyof typeof unitBytes]
  })
  .meta({ title: 'size' })

/** A key of at least 32 bytes in base64 or base64url, as `doorward keygen` prints it; the parsed value is its bytes. */
export const secretKey = z.string()
  .regex(/^[A-Za-z0-9+/_-]+={0,2}$/, { error: 'expected base64 text, as `doorward keygen` prints it' })
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((bytes) => bytes.length >= 32, { error: 'expected at least 32 bytes in base64; `doorward keygen` prints a fresh one' })
  .meta({ title: 'key in base64' })

/** In the syntax of RE2, so that matching takes linear time; the parsed value is still the source. */
export const regularExpression = z.string().superRefine((source, context) => {
  const problem = patternProblem(source)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: `expected a regular expression ${problem}` })
}).meta({ title: 'regular expression' })

/** Path to a file that is read at start; the parsed value is still the path. */
export const filePath = z.string().min(1, { error: 'expected the path of a file' }).meta({ title: 'file path' })

const address = String.raw`(\[[0-9A-Fa-f:.]+\]|[^\s:/]+):\d{1,5}|unix:\/.+`

/** `host:port` or `unix:/path`; where nothing need listen, `off` too. */
export function listenAddress ({ canBeOff }: { canBeOff: boolean }) {
  const [pattern, expected] = canBeOff ? [`^(${address}|off)$`, 'host:port, unix:/path or off'] : [`^(${address})$`, 'host:port or unix:/path']
  return z.string()
    .regex(new RegExp(pattern), { error: `expected ${expected}`, abort: true })
    .refine((text) => (portOf(text) ?? 0) <= 65535, { error: 'expected a port of at most 65535' })
}

/** None for a socket. */
export function portOf (listen: string): number | undefined {
  return /^[^/]+:\d+$/.test(listen) ? Number(listen.slice(listen.lastIndexOf(':') + 1)) : undefined
}

/** An http or https URL without user, password, query or fragment. */
export function webUrl (description: string) {
  return z.string().superRefine((text, context) => {
    const problem = webUrlProblem(text)
    // What is no URL at all is not judged further.
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, continue: false })
  }).meta({ title: 'URL', description, format: 'uri' })
}

/** What is wrong with the URL, or `undefined`. */
export function webUrlProblem (text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return 'expected a URL that begins with https:// or http://'
  if (url.username !== '' || url.password !== '') return 'expected a URL without a user name or password'
  if (url.search !== '' || url.hash !== '') return 'expected a URL without a query or fragment'
  return undefined
}

/** Loopback by name or address: the one place where plain http keeps a secret. */
export function isLoopback (url: URL): boolean {
  const { hostname } = url
  return hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** https, or the one place where plain http is as good; what is no URL is judged elsewhere. */
export function isHttpsOrLoopback (text: string): boolean {
  const url = URL.parse(text)
  return url === null || url.protocol === 'https:' || isLoopback(url)
}

/** A host with or without a port; the parsed value is in lower case. */
export const hostName = z.string()
  .refine(isHost, { error: 'expected a host such as app.internal, app.internal:8080 or [::1]:8080' })
  .transform((text) => text.toLowerCase())
  .meta({ title: 'host' })

/** An address, a CIDR, or `unix`; the parsed value is a CIDR in canonical form, or `unix`. */
export const proxyRange = z.string().transform((text, context) => {
  const range = trustedRange(text)
  if (range !== undefined && !range.endsWith('/0')) return range
  context.addIssue({ code: 'custom', message: range === undefined ? expectedRange : everyAddress })
  return z.NEVER
}).meta({ title: 'CIDR' })

const expectedRange = 'expected an address, a CIDR such as 10.0.0.0/8, or unix'
const everyAddress = 'this is every address: anybody could claim to come from anywhere; name the addresses of your proxies'
