/** When a running gateway reads its configuration again, and what it does with one that it can't use. */
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Agent } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { connect, type TLSSocket } from 'node:tls'
import { execFileSync } from 'node:child_process'
import t, { test } from 'tap'
import { samplesOf, scrape } from '../admin/scrape.ts'
import { ask, responseTo } from '../proxy/open-gateway.ts'
import { makeCertificates } from '../support/certificates.ts'
import { partPath } from '../support/parts.ts'
import { startUpstream } from '../support/upstream.ts'
import { mountLikeKubernetes, openIn, type Reloading, startReloading } from './reloading.ts'

const upstream = await startUpstream(t, (_request, response) => { response.end('application') })
const certificates = await makeCertificates(t)
const open = { upstream: { url: upstream.url } }
const closed = { access: { default: 'deny' } }

async function status ({ port }: Reloading, agent?: Agent): Promise<{ readonly status: number | undefined, readonly from: number | undefined }> {
  const asked = ask(port, { headers: { host: `localhost:${port}` }, ...agent !== undefined && { agent } }).end()
  const response = await responseTo(asked)
  const from = response.socket.localPort
  await text(response)
  return { status: response.statusCode, from }
}

async function outcome ({ admin }: Reloading): Promise<number | undefined> {
  return samplesOf(await scrape(admin), 'doorward_config_last_reload_successful')['']
}

test('at SIGHUP a changed rule is in force for the next request, on a connection that stays open', async (t) => {
  const gateway = await startReloading(t, open)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.teardown(() => { agent.destroy() })
  const before = await status(gateway, agent)
  const told = await gateway.reload(closed)
  const after = await status(gateway, agent)
  t.strictSame([before.status, after.status], [200, 403])
  t.equal(after.from, before.from, 'the same connection')
  t.match(told, { event: 'config.reloaded', level: 'info', subsystem: 'config', settings: ['access.default'] })
  t.match(gateway.audited(), [{ event: 'config.reload', outcome: 'success', metadata: { settings: ['access.default'], files: ['doorward.yaml'] } }])
  t.notOk('request' in (gateway.audited()[0] ?? {}), 'no request has caused it')
  const metrics = await scrape(gateway.admin)
  t.strictSame(samplesOf(metrics, 'doorward_config_last_reload_successful'), { '': 1 })
  const [at = 0] = Object.values(samplesOf(metrics, 'doorward_config_last_reload_success_timestamp_seconds'))
  t.ok(at > Date.now() / 1000 - 600 && at <= Date.now() / 1000, `in seconds: ${at}`)
})

const changes: Readonly<Record<string, (gateway: Reloading) => void>> = {
  'is written in place' (gateway) { writeFileSync(gateway.file, gateway.withSections(closed)) },
  'is replaced by another' (gateway) {
    writeFileSync(`${gateway.file}.new`, gateway.withSections(closed))
    renameSync(`${gateway.file}.new`, gateway.file)
  }
}

for (const [how, change] of Object.entries(changes)) {
  test(`a file that ${how} is read by itself`, async (t) => {
    const gateway = await startReloading(t, open)
    t.match(await gateway.reloadAfter(() => { change(gateway) }), { event: 'config.reloaded', trigger: 'file' })
    t.equal((await status(gateway)).status, 403)
    // The folder is still watched.
    t.match(await gateway.reloadAfter(() => { writeFileSync(gateway.file, gateway.withSections({ access: { default: 'anonymous' } })) }), { event: 'config.reloaded', trigger: 'file' })
    t.equal((await status(gateway)).status, 200)
  })
}

test('a ConfigMap and a Secret are followed through the links that Kubernetes changes, one version after the other', async (t) => {
  const gateway = await startReloading(t, open)
  const folder = join(gateway.folder, 'mounted')
  const secret = (letter: string) => Buffer.alloc(32, letter).toString('base64')
  const versions = ['1', '2', '3'].map((version) => ({ secret: secret(version) }))
  mountLikeKubernetes(folder, versions[0] ?? {}, '1')
  t.match(await gateway.reload({ session: { secretFile: 'mounted/secret' } }), { event: 'config.reloaded', settings: ['session.secret', 'session.secretFile'] })
  for (const [index, files] of versions.entries()) {
    if (index === 0) continue
    const told = await gateway.reloadAfter(() => { mountLikeKubernetes(folder, files, String(index + 1)) })
    t.match(told, { event: 'config.reloaded', trigger: 'file', settings: ['session.secret'], files: ['mounted/secret'] })
  }
  // The configuration itself, mounted so.
  const text = gateway.withSections(closed)
  mountLikeKubernetes(join(gateway.folder, 'config'), { 'doorward.yaml': text }, '1')
  t.match(await gateway.reloadAfter(() => {
    execFileSync('ln', ['-sfn', 'config/doorward.yaml', gateway.file])
  }), { event: 'config.reloaded', trigger: 'file', settings: ['access.default'] })
  t.match(await gateway.reloadAfter(() => {
    mountLikeKubernetes(join(gateway.folder, 'config'), { 'doorward.yaml': text.replace('default: deny', 'default: anonymous') }, '2')
  }), { event: 'config.reloaded', trigger: 'file', settings: ['access.default'] })
  t.equal((await status(gateway)).status, 200)
})

test('a folder that another takes the place of is followed', async (t) => {
  const gateway = await startReloading(t, open)
  for (const name of ['secrets', 'next']) {
    mkdirSync(join(gateway.folder, name))
    writeFileSync(join(gateway.folder, name, 'session'), Buffer.alloc(32, name).toString('base64'))
  }
  t.match(await gateway.reload({ session: { secretFile: 'secrets/session' } }), { event: 'config.reloaded' })
  t.match(await gateway.reloadAfter(() => {
    renameSync(join(gateway.folder, 'secrets'), join(gateway.folder, 'before'))
    renameSync(join(gateway.folder, 'next'), join(gateway.folder, 'secrets'))
  }), { event: 'config.reloaded', trigger: 'file', settings: ['session.secret'] })
})

test('a pipe is asked at the start alone: what it said holds, and nobody waits for it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'doorward-'))
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  const pipe = join(folder, 'secret')
  execFileSync('mkfifo', [pipe])
  const written = writeFile(pipe, Buffer.alloc(32, 'piped').toString('base64'))
  const gateway = await startReloading(t, { ...open, session: { secretFile: pipe } })
  await written
  t.match(await gateway.reload(closed), { event: 'config.reloaded', settings: ['access.default'], files: ['doorward.yaml'] })
  t.equal((await status(gateway)).status, 403)
  const another = `${pipe}-2`
  execFileSync('mkfifo', [another])
  t.match(await gateway.reload({ session: { secretFile: another } }), { event: 'config.rejected', problems: [/session\.secretFile: .+ is a pipe or a device, and those are read at the start alone$/] })
})

test('what is wrong with a configuration is said all at once, and the one before goes on', async (t) => {
  const gateway = await startReloading(t, open)
  const broken = gateway.withSections({ access: { default: 'denied' }, session: { idleTimeout: 30, secretFile: 'absent' } })
  const told = await gateway.reloadAfter(() => { writeFileSync(gateway.file, broken) })
  t.match(told, { event: 'config.rejected', level: 'error', trigger: 'file', reason: 'config_invalid' })
  const problems = told['problems'] as string[]
  t.equal(problems.length, 3)
  t.match(problems[0], /^doorward\.yaml:\d+:\d+ access\.default: expected /)
  t.match(problems[1], /^doorward\.yaml:\d+:\d+ session\.idleTimeout: expected a duration/)
  t.match(problems[2], /^doorward\.yaml:\d+:\d+ session\.secretFile: absent does not exist/)
  t.match(gateway.audited(), [{ outcome: 'failure', reason: 'config_invalid', metadata: { trigger: 'file', problems } }])
  t.equal(await outcome(gateway), 0)
  t.equal((await status(gateway)).status, 200)
  t.match(await gateway.reload({ access: { default: 'deny' }, session: {} }), { event: 'config.reloaded' })
  t.equal(await outcome(gateway), 1)
  t.equal((await status(gateway)).status, 403)
})

test('a file that is missing when it is read is waited for', async (t) => {
  const gateway = await startReloading(t, open)
  t.match(await gateway.reload({ session: { secretFile: 'late' } }), { event: 'config.rejected' })
  t.match(await gateway.reloadAfter(() => { writeFileSync(join(gateway.folder, 'late'), Buffer.alloc(32, 1).toString('base64')) }), { event: 'config.reloaded', trigger: 'file' })
})

const fixed: Readonly<Record<string, (gateway: Reloading) => object>> = {
  'server.listen': ({ port }) => ({ server: { publicUrl: `http://localhost:${port}`, listen: '127.0.0.1:1' } }),
  'server.tls': ({ port }) => ({ server: { publicUrl: `https://localhost:${port}`, listen: `127.0.0.1:${port}`, tls: { certFile: certificates.certFile, keyFile: certificates.keyFile } } }),
  'admin.listen': () => ({ admin: { listen: 'off' } }),
  'server.maxHeaderSize': ({ port }) => ({ server: { publicUrl: `http://localhost:${port}`, listen: `127.0.0.1:${port}`, maxHeaderSize: '8KiB' } }),
  'session.store': () => ({ session: { store: 'memory' } }),
  'session.redis.url': () => ({ session: { redis: { url: 'redis://127.0.0.1:1' } } }),
  'log.format': () => ({ log: { format: 'pretty' } }),
  'audit.destination': () => ({ audit: { destination: 'audit.log' } })
}

test('a setting that needs a restart is named, and nothing else of that configuration is in force either', async (t) => {
  const gateway = await startReloading(t, open)
  for (const [setting, change] of Object.entries(fixed)) {
    const before = gateway.withSections({})
    const told = await gateway.reload({ ...closed, ...change(gateway) })
    t.match(told, { event: 'config.rejected', reason: 'restart_needed', problems: [new RegExp(`^doorward\\.yaml:\\d+:\\d+ ${setting.replaceAll('.', '\\.')}: needs a restart: `)] }, setting)
    t.equal((await status(gateway)).status, 200, `${setting}: the rules are as they were`)
    t.match(await gateway.reloadAfter(() => {
      writeFileSync(gateway.file, before)
      gateway.child.kill('SIGHUP')
    }), { event: 'config.reloaded' })
  }
  t.notOk(existsSync(join(gateway.folder, 'audit.log')))
  t.match(gateway.audited().filter(({ outcome }) => outcome === 'failure').map(({ reason }) => reason), Object.keys(fixed).map(() => 'restart_needed'))
})

test('server.reload says what is noticed: with signal no file is watched, with off SIGHUP only opens the audit trail anew', { skip: !existsSync('/proc/self/fdinfo') && 'Linux alone tells what is watched' }, async (t) => {
  const watching = await startReloading(t, open)
  t.ok(openIn(watching.child.pid).watches > 0)
  const server = { publicUrl: `http://localhost:${watching.port}`, listen: `127.0.0.1:${watching.port}`, drainDelay: '0s' }
  t.match(await watching.reload({ server: { ...server, reload: 'signal' } }), { event: 'config.reloaded' })
  t.equal(openIn(watching.child.pid).watches, 0)
  t.match(await watching.reload(closed), { event: 'config.reloaded', trigger: 'signal' })
  t.match(await watching.reload({ server: { ...server, reload: 'off' } }), { event: 'config.reloaded' })
  watching.child.kill('SIGHUP')
  writeFileSync(watching.file, 'nonsense')
  t.equal((await status(watching)).status, 403)
  watching.child.kill('SIGTERM')
  t.equal(await watching.ended, 0)
  t.equal(watching.told().length, 3)
})

test('a process ends within the times of the configuration that is in place', async (t) => {
  const gateway = await startReloading(t, { ...open, server: { drainDelay: '1h', drainTimeout: '1h' } })
  t.match(await gateway.reload({ server: { publicUrl: `http://localhost:${gateway.port}`, listen: `127.0.0.1:${gateway.port}`, drainDelay: '0s' } }), { event: 'config.reloaded', settings: ['server.drainDelay', 'server.drainTimeout'] })
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
})

const tlsServer = (certificate: { readonly certFile: string, readonly keyFile: string }) => ({ publicUrl: 'https://localhost', tls: { certFile: certificate.certFile, keyFile: certificate.keyFile } })

test('a new certificate is shown to new connections, and a connection that was there goes on', async (t) => {
  const [first, second] = [await makeCertificates(t), await makeCertificates(t)]
  const gateway = await startReloading(t, { ...open, server: tlsServer(first) })
  const shown = async (): Promise<{ socket: TLSSocket, fingerprint: string }> => {
    const socket = connect({ port: gateway.port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false })
    t.teardown(() => { socket.destroy() })
    await once(socket, 'secureConnect')
    return { socket, fingerprint: socket.getPeerCertificate().fingerprint256 }
  }
  const old = await shown()
  writeFileSync(first.keyFile, second.key)
  const told = await gateway.reloadAfter(() => { writeFileSync(first.certFile, second.cert) })
  t.match(told, { event: 'config.reloaded', trigger: 'file', settings: [], files: [first.certFile, first.keyFile] })
  const renewed = await shown()
  t.not(renewed.fingerprint, old.fingerprint)
  for (const { socket } of [old, renewed]) {
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const [answer] = await once(socket, 'data') as [Buffer]
    t.match(String(answer), /^HTTP\/1\.1 200 /)
  }
})

test('what turns out to be of no use only when it is built leaves everything as it was', async (t) => {
  const gateway = await startReloading(t, { ...open, server: tlsServer(await makeCertificates(t)) })
  const weak = { certFile: join(gateway.folder, 'weak.pem'), keyFile: join(gateway.folder, 'weak.key') }
  // OpenSSL refuses keys so short, but not before they are used.
  execFileSync(partPath('openssl'), ['req', '-x509', '-newkey', 'rsa:1024', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', weak.keyFile, '-out', weak.certFile], { stdio: 'ignore' })
  const told = await gateway.reload({ ...closed, server: { ...tlsServer(weak), listen: `127.0.0.1:${gateway.port}` } })
  t.match(told, { event: 'config.rejected', reason: 'setup_error', problems: [] })
  t.match(gateway.audited(), [{ outcome: 'failure', reason: 'setup_error' }])
  t.match(gateway.stdout(), '"event":"config.unusable"')
  t.equal(await outcome(gateway), 0)
})
