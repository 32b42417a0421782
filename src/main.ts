#!/usr/bin/env node
/** The process: arguments, environment, signals, exit code. Nothing else touches `process`. */
import { text } from 'node:stream/consumers'
import closeWithGrace from 'close-with-grace'
import { type Host, run } from './cli/index.ts'

const host: Host = {
  stdout: (output) => { process.stdout.write(output) },
  stderr: (output) => { process.stderr.write(output) },
  stdin: () => text(process.stdin),
  environment: process.env,
  cwd: process.cwd(),
  isTerminal: process.stdout.isTTY === true,
  untilStopped: (delay, close) => new Promise((resolve) => {
    // Exits by itself once `close` is done, or has taken too long, or at a second signal.
    closeWithGrace({ delay, logger: false }, async (cause) => {
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
