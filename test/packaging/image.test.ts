/**
 * The image, without an engine: the tree that the Dockerfile makes is run by its own words, read-only and as its user.
 * What this can't show is said in docs/install.md.
 */
import { existsSync, globSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { validate } from 'dockerfile-utils'
import { test } from 'tap'
import { freePort } from '../support/gateway.ts'
import { startProvider } from '../support/provider.ts'
import { startUpstream } from '../support/upstream.ts'
import { addBaseLibraries, cannotContain, startContainer } from './container.ts'
import { buildImage, dockerfile } from './dockerfile.ts'

const project = new URL('../../', import.meta.url)

test('the Dockerfile has no fault that its linter knows', async (t) => {
  t.strictSame(validate(dockerfile).map(({ range, message }) => `${range.start.line + 1}: ${message}`), [])
})

test('the base images have tags that say their version, and what the build copies is let through to it', async (t) => {
  const { devDependencies } = JSON.parse(readFileSync(new URL('package.json', project), 'utf8')) as { devDependencies: Record<string, string> }
  t.match(dockerfile, `ARG BUILD_IMAGE=node:${devDependencies['node'] ?? ''}-`)
  t.notMatch(dockerfile, /^FROM (?!\$\{)/m, 'both can be pinned by digest')
  const admitted = new Set(readFileSync(new URL('.dockerignore', project), 'utf8').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1)))
  const copied = new Set([...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = '']) => sources.split(' ')))
  t.strictSame([...admitted].sort(), [...copied].sort())
})

test('Doorward starts nothing that would have to be waited for when it is the first process', async (t) => {
  for (const file of globSync('src/**/*.ts', { cwd: project })) t.notMatch(readFileSync(new URL(file, project), 'utf8'), /node:(child_process|cluster)/, file)
})

interface State {
  readonly uid: number
  readonly mode: number
  readonly mtimeMs: number
}

/** Path → whose it is, who may do what with it, and when it was written last. */
function stateOf (folder: string): Record<string, State> {
  return Object.fromEntries(['', ...readdirSync(folder, { recursive: true, encoding: 'utf8' })].map((path) => {
    const { uid, mode, mtimeMs } = lstatSync(join(folder, path))
    return [path, { uid, mode: mode & 0o777, mtimeMs }]
  }))
}

function isReadableAlone ({ uid, mode }: State): boolean {
  return uid === 0 && (mode & 0o022) === 0 && (mode & 0o004) !== 0
}

test('the image serves without a shell, as its user, on a tree that can’t be written to; tells its health, and drains', { skip: cannotContain(), timeout: 600_000 }, async (t) => {
  const folder = t.testdir()
  const image = await buildImage(folder, { '/usr/local/bin/node': process.execPath })
  t.strictSame(readdirSync(join(image.root, 'app')).sort(), ['LICENSE', 'compile-cache', 'dist', 'node_modules', 'package.json'])
  t.equal(existsSync(join(image.root, 'app/node_modules/typescript')), false, 'nothing that is for development')
  const addons = globSync('app/node_modules/**/linux-x64/*.node', { cwd: image.root })
  const libraries = await addBaseLibraries(image, ['/usr/local/bin/node', ...addons])
  t.strictSame(libraries.filter((path) => !/\/(ld-linux[^/]*|lib(c|m|dl|pthread|gcc_s|stdc\+\+))[.-][^/]*$/.test(path)), [], 'no library but those of the base image')
  t.match(image.user, /^[1-9]\d*:[1-9]\d*$/)

  const upstream = await startUpstream(t)
  const [port, adminPort] = [await freePort(), await freePort()]
  const origin = `http://localhost:${port}`
  const { issuer } = await startProvider(t)
  const environment = {
    DOORWARD_SERVER_PUBLIC_URL: origin,
    DOORWARD_SERVER_LISTEN: `127.0.0.1:${port}`,
    DOORWARD_ADMIN_LISTEN: `127.0.0.1:${adminPort}`,
    DOORWARD_PROVIDER_ISSUER: issuer,
    DOORWARD_PROVIDER_CLIENT_ID: 'doorward',
    DOORWARD_UPSTREAM_URL: upstream.url,
    DOORWARD_ACCESS_DEFAULT: 'anonymous'
  }
  const checkHealth = async (): Promise<number | null> => (await startContainer(image, image.healthcheck, environment).ended).code
  t.not(await checkHealth(), 0, 'nothing runs yet')

  const compiled = join(image.root, 'app/compile-cache')
  const before = stateOf(compiled)
  t.strictSame(Object.entries(before).filter(([, state]) => !isReadableAlone(state)), [], 'what is run is root’s to write, and for its user to read')
  const container = startContainer(image, [...image.entrypoint, ...image.command], { ...environment, NODE_DEBUG_NATIVE: 'COMPILE_CACHE' })
  t.teardown(async () => {
    await container.signal('SIGKILL').catch(() => {})
    await container.ended
  })
  while (!container.output().includes('"event":"started"')) {
    const ended = await Promise.race([container.ended, delay(50)])
    if (ended !== undefined) throw new Error(`it ended before it served:\n${container.output()}`)
  }
  const answer = await fetch(`${origin}/hello`)
  t.equal(answer.status, 200, await answer.text())
  t.equal(await checkHealth(), 0)
  await container.signal('SIGTERM')
  t.strictSame(await container.ended, { code: 0, signal: null }, container.output())
  t.match(container.output(), '"event":"stopped"')

  const [untilStarted = ''] = container.output().split('"event":"started"')
  const compilations = [...untilStarted.matchAll(/V8 code cache for (\S+ \S+) was (\w+)/g)].map(([, what = '', fate]) => ({ what, fate }))
  t.match(compilations.filter(({ what }) => /app\/dist\/(main|gateway)\.js$/.test(what)), [{ fate: 'accepted' }, { fate: 'accepted' }])
  t.strictSame(compilations.filter(({ fate }) => fate !== 'accepted'), [], 'a start compiles nothing anew')
  t.strictSame(stateOf(compiled), before)
})
