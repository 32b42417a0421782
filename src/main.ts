#!/usr/bin/env node
/** The process: arguments, environment, signals, exit code. Nothing else touches `process`. */
import { text } from 'node:stream/consumers'
import closeWithGrace from 'close-with-grace'
// Of types alone: nothing of ours may be read before Node is known to be new enough.
import type { Host } from './cli/index.ts'

const isTerminal = process.stdout.isTTY === true

const host: Host = {
  stdout: (output) => { process.stdout.write(output) },
  stderr: (output) => { process.stderr.write(output) },
  stdin: () => text(process.stdin),
  environment: process.env,
  cwd: process.cwd(),
  isTerminal,
  ...!isTerminal && { onHangup (listener: () => void) { process.on('SIGHUP', listener) } },
  untilStopped: (longest, close) => new Promise((resolve) => {
    // Exits by itself once `close` is done, or has taken too long, or at a second signal.
    const onSecondSignal = (signal: string): void => { process.stderr.write(`doorward: a second ${signal}: ended at once\n`) }
    closeWithGrace({ delay: false, logger: false, onSecondSignal, skip: isTerminal ? [] : ['SIGHUP'] }, async (cause) => {
      setTimeout(() => { process.exit(1) }, longest())
      await close(cause)
      resolve()
    })
  })
}

// A full disk, or a reader such as `head` that has left.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') process.stderr.write(`doorward: standard output can’t be written to (${code ?? 'unknown error'})\n`)
  process.exitCode = 1
})
// Nobody is left to tell.
process.stderr.on('error', () => {})

const exitCode = isNewEnough(process.versions.node) ? await start() : 1
process.exitCode ??= exitCode

/** An older Node ends at an import that it does not know, with words that name neither Node nor what to do. */
async function start (): Promise<number> {
  const { run } = await import('./cli/index.ts')
  return await run(process.argv.slice(2), host)
}

/** As `engines` in package.json has it. */
function isNewEnough (version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNew = major > 22 || (major === 22 && minor >= 21)
  if (!isNew) process.stderr.write(`doorward: needs Node 22.21 or newer, and this is ${version}\n`)
  return isNew
}
