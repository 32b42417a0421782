/**
 * `npm run demo`: a provider, an application, and Doorward between them, each a process of its own as it would be in
 * production. Ends all of them at Ctrl-C, or when one of them dies.
 */
import { once } from 'node:events'
import { resolve } from 'node:path'
import process from 'node:process'
import { styleText } from 'node:util'
import { isFree, signalChildren, startChild, stopChildren, waitUntilReady, type Child, type Part } from './children.ts'

const file = (path: string): string => resolve(import.meta.dirname, '..', path)

const behind: readonly Part[] = [
  { name: 'provider', colour: 'magenta', ports: [4192], command: [file('demo/provider.ts')], ready: { url: 'http://localhost:4192/.well-known/openid-configuration', status: 200 } },
  { name: 'application', colour: 'cyan', ports: [4191], command: [file('demo/application.ts')], ready: { url: 'http://localhost:4191/', status: 200 } }
]
const doorward: Part = {
  name: 'doorward',
  colour: 'green',
  ports: [4180, 4181],
  command: [file('src/main.ts'), 'serve', '--config', file('demo/doorward.yaml')],
  ready: { url: 'http://localhost:4181/readyz', status: 200 }
}

const help = `Usage: npm run demo

Starts three programs on this machine, reachable from it alone, and stops them at Ctrl-C:

  http://localhost:4192   an identity provider that knows three people and asks for no password
  http://localhost:4191   an application that shows which headers it receives
  http://localhost:4180   Doorward in front of that application, configured by demo/doorward.yaml
  http://localhost:4181   its health and metrics, at /readyz and /metrics
`

const whereToGo = `
${styleText('bold', 'Ready: open http://localhost:4180')} and pick a person.

  alice   group cmdbsyncer-admins                 role admin: may open everything, /admin too
  bob     groups cmdbsyncer-ops, data-scientists  roles host and log: is refused at /admin
  carol   no group                                no role: signed in, and nothing more

  http://localhost:4180/public/hello is open to everybody.
  http://localhost:4181/metrics is what Prometheus would read.
  Ctrl-C ends the demo.
`

async function main (): Promise<number> {
  if (process.argv.includes('--help') || process.argv.includes('-h')) return say(help)
  for (const port of [...behind, doorward].flatMap(({ ports }) => ports)) {
    if (await isFree(port)) continue
    console.error(`Port ${port} is in use, and the demo needs it. Stop what listens there (another demo, perhaps) and try again.`)
    return 1
  }
  return await run()
}

async function run (): Promise<number> {
  const stop = stopSignal()
  const children: Child[] = []
  process.on('exit', () => { signalChildren(children, 'SIGKILL') })
  try {
    await startAll(children, stop)
    if (!stop.aborted) console.log(whereToGo)
    await Promise.race([aborted(stop), ...children.map(failWhenItEnds)])
    return 0
  } catch (error) {
    if (stop.aborted) return 0
    console.error(`\n${error instanceof Error ? error.message : String(error)}. Stopping the demo.`)
    return 1
  } finally {
    await stopChildren(children, stop.reason === 'SIGINT' && process.stdin.isTTY ? 1_000 : 0)
  }
}

/** Doorward last, as it asks the provider at its start. */
async function startAll (children: Child[], stop: AbortSignal): Promise<void> {
  for (const parts of [behind, [doorward]]) {
    if (stop.aborted) return
    const started = parts.map((part) => startChild(part, environment()))
    children.push(...started)
    await Promise.all(started.map(async (child) => { await waitUntilReady(child, stop) }))
  }
}

/** Settings of a Doorward that somebody works on in this shell would change the demo. */
function environment (): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('DOORWARD_')))
}

function stopSignal (): AbortSignal {
  const controller = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => { controller.abort(signal) })
  return controller.signal
}

async function aborted (signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}

async function failWhenItEnds ({ part, ended }: Child): Promise<never> {
  throw new Error(`${part.name} ended unexpectedly (${await ended})`)
}

function say (text: string): number {
  process.stdout.write(text)
  return 0
}

process.exitCode = await main()
