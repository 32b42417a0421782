/** Certificates for tests, made by openssl and gone with the test. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Test } from 'tap'
import { partPath } from './parts.ts'

/** Each as PEM, and as a file. */
export interface Certificates {
  readonly ca: string
  readonly caFile: string
  readonly cert: string
  readonly certFile: string
  readonly key: string
  readonly keyFile: string
}

const run = promisify(execFile)
const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** An authority of its own and a certificate from it for a server, or a client, for these names and addresses and so many days; of a negative number it was valid, and so of the authority's. Needs the part `openssl`. */
export async function makeCertificates (t: Test, names: readonly string[] = ['localhost', '127.0.0.1'], days = 2, authorityDays = 2): Promise<Certificates> {
  const openssl = partPath('openssl')
  const folder = await mkdtemp(join(tmpdir(), 'doorward-certificates-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const at = (name: string) => join(folder, name)
  const altNames = names.map((name) => /^[\d.]+$|:/.test(name) ? `IP:${name}` : `DNS:${name}`).join(',')
  await writeFile(at('extensions'), `basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\nsubjectAltName=${altNames}\n`)
  await writeFile(at('authority'), 'basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n')
  await run(openssl, ['req', '-new', ...newKey, '-subj', '/CN=Authority of the tests', '-keyout', at('ca.key'), '-out', at('ca.csr')])
  await run(openssl, ['x509', '-req', '-in', at('ca.csr'), '-signkey', at('ca.key'), '-days', String(authorityDays), '-extfile', at('authority'), '-out', at('ca.pem')])
  await run(openssl, ['req', '-new', ...newKey, '-subj', '/CN=server', '-keyout', at('server.key'), '-out', at('server.csr')])
  await run(openssl, ['x509', '-req', '-in', at('server.csr'), '-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', String(days), '-extfile', at('extensions'), '-out', at('server.pem')])
  const [caFile, certFile, keyFile] = [at('ca.pem'), at('server.pem'), at('server.key')]
  const [ca = '', cert = '', key = ''] = await Promise.all([caFile, certFile, keyFile].map((file) => readFile(file, 'utf8')))
  return { ca, caFile, cert, certFile, key, keyFile }
}

export type OwnCertificate = Pick<Certificates, 'cert' | 'certFile' | 'key' | 'keyFile'>

/** A certificate that vouches for itself. Needs the part `openssl`. */
export async function selfSigned (t: Test, name: string): Promise<OwnCertificate> {
  const folder = await mkdtemp(join(tmpdir(), 'doorward-certificates-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  const [certFile, keyFile] = [join(folder, 'own.pem'), join(folder, 'own.key')]
  await run(partPath('openssl'), ['req', '-x509', ...newKey, '-days', '2', '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', certFile])
  const [cert = '', key = ''] = await Promise.all([certFile, keyFile].map((file) => readFile(file, 'utf8')))
  return { cert, certFile, key, keyFile }
}
