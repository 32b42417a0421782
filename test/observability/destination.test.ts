/** Where lines go, and what becomes of them when nobody takes them. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { type Destination, openDestination } from '../../src/observability/index.ts'

const withoutFullDevice = !existsSync('/dev/full') && '/dev/full is a Linux device'
const numbered = (first: number, count: number): string[] => Array.from({ length: count }, (_, index) => `line ${first + index}`)

function linesIn (file: string): string[] {
  return readFileSync(file, 'utf8').split('\n').filter((line) => line !== '')
}

function write (destination: Destination, lines: readonly string[]): void {
  for (const line of lines) destination.write(`${line}\n`)
}

function openFifo (t: Test): { path: string, destination: Destination, failures: string[], resumed: Promise<number> } {
  const path = `${t.testdir({})}/fifo`
  execFileSync('mkfifo', [path])
  const failures: string[] = []
  const { promise: resumed, resolve } = Promise.withResolvers<number>()
  const destination = openDestination(path, { onFailed ({ message }) { failures.push(message) }, onResumed: resolve })
  return { path, destination, failures, resumed }
}

/** Reads as many lines as that, in a process of its own: a read of a FIFO can't be called off in this one. */
async function read (path: string, count: number): Promise<string[]> {
  const { stdout } = await promisify(execFile)('head', ['-n', String(count), path])
  return stdout.split('\n').slice(0, count)
}

t.test('lines are appended to the file, which is for its owner and group alone', async (t) => {
  const file = `${t.testdir({})}/audit.log`
  for (const line of ['one', 'two']) {
    const destination = openDestination(file, { onFailed: t.error })
    write(destination, [line])
    await destination.flush()
  }
  t.strictSame(linesIn(file), ['one', 'two'])
  t.equal(statSync(file).mode & 0o777, 0o640 & ~process.umask())
  t.throws(() => openDestination(`${file}/no/such/folder`, { onFailed: t.error }), { code: 'ENOTDIR' })
})

t.test('after the file was moved away lines go to a new one: none is lost, none is in both', async (t) => {
  const folder = t.testdir({})
  const file = `${folder}/audit.log`
  const destination = openDestination(file, { onFailed: t.error })
  for (let turn = 0; turn < 20; turn++) {
    write(destination, numbered(turn * 1000, 500))
    if (turn % 2 === 0) await delay(1)
    renameSync(file, `${file}.${turn}`)
    write(destination, numbered(turn * 1000 + 500, 500))
    destination.reopen()
    while (!existsSync(file)) await delay(1)
  }
  write(destination, ['the end'])
  await destination.flush()
  const files = [...numbered(0, 20).map((_, turn) => `${file}.${turn}`), file]
  t.strictSame(files.flatMap(linesIn), [...numbered(0, 20_000), 'the end'])
  t.equal(destination.dropped(), 0)
})

t.test('where no new file can be had, lines go on in the old one, and the failure is told', async (t) => {
  const folder = t.testdir({ audit: {} })
  const failures: Array<string | undefined> = []
  const destination = openDestination(`${folder}/audit/audit.log`, { onFailed ({ code }: NodeJS.ErrnoException) { failures.push(code) } })
  renameSync(`${folder}/audit`, `${folder}/moved`)
  destination.reopen()
  write(destination, ['still here'])
  await destination.flush()
  t.strictSame([linesIn(`${folder}/moved/audit.log`), failures], [['still here'], ['ENOENT']])
})

t.test('a disk that is full stops nobody, and is told once', { skip: withoutFullDevice }, async (t) => {
  const failed = Promise.withResolvers<Error>()
  let times = 0
  const destination = openDestination('/dev/full', {
    onFailed (error) {
      times++
      failed.resolve(error)
    }
  })
  write(destination, ['the first'])
  await destination.flush()
  t.match(await failed.promise, { code: 'ENOSPC' })
  write(destination, numbered(0, 100))
  await destination.flush()
  t.equal(times, 1)
})

t.test('a FIFO that nobody reads yet holds up nothing, and its reader gets every line', async (t) => {
  const { path, destination, failures, resumed } = openFifo(t)
  write(destination, numbered(0, 1000))
  t.match(failures, [/ENXIO/])
  t.strictSame(await read(path, 1000), numbered(0, 1000))
  t.equal(await resumed, 0, 'that it is written after all, and that nothing was lost, is told as well')
  t.equal(destination.dropped(), 0)
})

t.test('a reader of a FIFO that is replaced misses no line that was not on its way yet', async (t) => {
  const { path, destination } = openFifo(t)
  write(destination, ['first'])
  t.strictSame(await read(path, 1), ['first'])
  const second = read(path, 2)
  write(destination, ['second', 'third'])
  t.strictSame(await second, ['second', 'third'])
})

t.test('a reader that has stopped costs bounded memory; what is lost is counted, and told once it reads again', async (t) => {
  const { path, destination, resumed } = openFifo(t)
  const megabyte = 'x'.repeat(1024 * 1024)
  write(destination, Array<string>(40).fill(megabyte))
  const dropped = destination.dropped()
  t.ok(dropped > 20 && dropped < 30, `${dropped} of 40 are gone`)
  const reader = spawn('cat', [path], { stdio: 'ignore' })
  t.teardown(() => reader.kill())
  t.equal(await resumed, dropped)
  write(destination, ['after'])
  await destination.flush()
  t.equal(destination.dropped(), dropped)
})

t.test('a log without end leaves the audit trail room in an output that both share', async (t) => {
  const { path, destination } = openFifo(t)
  for (let count = 0; count < 2_000; count++) destination.write(`${'x'.repeat(16 * 1024)}\n`, 'expendable')
  const dropped = destination.dropped()
  write(destination, numbered(0, 1000))
  t.equal(destination.dropped(), dropped)
  const { stdout } = await promisify(execFile)('sh', ['-c', 'head -n "$1" "$0" | tail -n 1000', path, String(2_000 - dropped + 1000)])
  t.strictSame(stdout.split('\n').slice(0, -1), numbered(0, 1000))
})
