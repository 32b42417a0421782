import { join } from 'node:path'
import { type Load, type LoadMessage, type LoadResult, type LoadTask } from './load.ts'
import { type Program, startProgram, stopProgram } from './programs.ts'

/** A load client, which does one task at a time. */
export class LoadClient {
  readonly #program: Program = startProgram([process.execPath, join(import.meta.dirname, 'load.ts')], 'others', ['ignore', 'ignore', 'inherit', 'ipc'])
  #texts: readonly string[] = []

  /** @param texts requests, byte for byte, sent in turns. @throws {Error} at an answer that is not the one expected */
  async run (texts: readonly string[], task: LoadTask): Promise<Load> {
    // The cookies of thousands of people are megabytes: sent once.
    const message: LoadMessage = texts === this.#texts ? { task } : { task, texts }
    this.#texts = texts
    const result = await this.#send(message)
    if (!result.ok) throw new Error(result.reason)
    return result.load
  }

  async stop (): Promise<void> {
    await stopProgram(this.#program)
  }

  #send (message: LoadMessage): Promise<LoadResult> {
    const { process: child } = this.#program
    const { promise, resolve } = Promise.withResolvers<LoadResult>()
    const onExit = (): void => { resolve({ ok: false, reason: 'the load client ended' }) }
    child.once('exit', onExit)
    child.once('message', (result: LoadResult) => {
      child.off('exit', onExit)
      resolve(result)
    })
    child.send(message)
    return promise
  }
}
