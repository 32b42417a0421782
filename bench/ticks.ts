import { isMainThread, parentPort, Worker } from 'node:worker_threads'

const tickMilliseconds = 0.25

/**
 * Calls back about every quarter of a millisecond, until the function returned is called: timers of Node know whole
 * milliseconds only, in which a fast gateway is due ten requests.
 */
export function startTicking (tick: () => void): () => Promise<void> {
  const worker = new Worker(new URL(import.meta.url))
  worker.on('message', tick)
  return async () => { await worker.terminate() }
}

if (!isMainThread) {
  const nobodyWakes = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    Atomics.wait(nobodyWakes, 0, 0, tickMilliseconds)
    parentPort?.postMessage(undefined)
  }
}
