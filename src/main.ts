#!/usr/bin/env node
/** The process: arguments, environment, signals, exit code. Nothing else touches `process`. */
import closeWithGrace from 'close-with-grace'
import { type Host, run } from './cli/index.ts'

const isTerminal = process.stdout.isTTY === true

const host: Host = {
  stdout: (text) => { process.stdout.write(text) },
  stderr: (text) => { process.stderr.write(text) },
  environment: process.env,
  cwd: process.cwd(),
  isTerminal,
  ...!isTerminal && { onHangup (listener: () => void) { process.on('SIGHUP', listener) } },
  untilStopped: (delay, close) => new Promise((resolve) => {
    // Exits by itself once `close` is done, or has taken too long, or at a second signal.
    closeWithGrace({ delay, logger: false, skip: isTerminal ? [] : ['SIGHUP'] }, async (cause) => {
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

const exitCode = await run(process.argv.slice(2), host)
process.exitCode ??= exitCode
