/** Whoever sends a million different keys makes Doorward forget, and not grow. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { test } from 'tap'

const program = fileURLToPath(new URL('distinct-keys.ts', import.meta.url))

/** What the collector may leave, and code that runs for the first time. */
const slackBytes = 1024 * 1024

test('a million keys that nobody has sent before leave no memory behind, wherever keys are remembered', { timeout: 300_000 }, async (t) => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', '--max-old-space-size=768', program], { env: {}, encoding: 'utf8' })
  const runs = stdout.trim().split('\n').map((line) => JSON.parse(line) as { name: string, more: number, bytes: number, growth: number, total: number })
  t.ok((runs[0]?.total ?? 0) >= 1_000_000, 'a million keys')
  for (const { name, more, bytes, growth } of runs) {
    const most = Math.max(slackBytes, more * bytes)
    t.ok(growth < most, `${name}: ${Math.round(growth / 1024)} KiB after ${more} more`)
  }
})
