/** What it takes to keep connections open on which nothing happens. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Bench, type Findings } from './bench.ts'
import { judge } from './goals.ts'
import { loadWith } from './measure.ts'
import { memoryBytes, mostOpenFiles, openFiles } from './process-tree.ts'
import { sealPeople } from './sealed-people.ts'
import { stopProgram } from './programs.ts'
import { startBareNode } from './subjects/bare-node.ts'
import { launchDoorward } from './subjects/doorward.ts'
import { mebibytes, table } from './table.ts'
import { protectedPath } from './upstream.ts'
import { visit, visitAsMany, type Visitor } from './visitors.ts'

const connections = 10_000
/** For what is not a connection of a client: the upstream's, the program's own. */
const otherFiles = 200
const mostMebibytes = 250
/** Long enough for what the requests needed to be given back, where it is. */
const settleMilliseconds = 3_000

interface Idle {
  readonly title: string
  readonly beforeBytes: number
  readonly withConnectionsBytes: number
}

export async function measureIdle (bench: Bench): Promise<Findings> {
  const goal = `memory of Doorward with ${connections} idle connections`
  if (mostOpenFiles() < connections + otherFiles) {
    bench.say(`idle: skipped, as a process may have ${mostOpenFiles()} files open; raise it with ulimit -n`)
    return { text: '', goals: [judge(goal, 'MiB', mostMebibytes, undefined)], figures: undefined }
  }
  const bare = await hold(await visit(await startBareNode(bench.parts)))
  const doorward = await hold(await visitIdleDoorward(bench))
  const rows = [bare, doorward]
  return {
    text: table([`${connections} idle connections`, 'memory before', 'with them', 'each'], rows.map(({ title, beforeBytes, withConnectionsBytes }) => [
      title, mebibytes(beforeBytes), mebibytes(withConnectionsBytes), `${((withConnectionsBytes - beforeBytes) / 1024 / connections).toFixed(1)} KiB`
    ])),
    goals: [judge(goal, 'MiB', mostMebibytes, doorward.withConnectionsBytes / 1024 / 1024)],
    figures: { connections, subjects: rows }
  }
}

/** Every connection is that of another person, as it would be. */
async function visitIdleDoorward ({ parts }: Bench): Promise<Visitor> {
  const doorward = await launchDoorward(parts, { id: 'idle', title: 'Doorward', user: 'alice' })
  const people = Array.from({ length: connections }, (_, number) => ({ path: protectedPath, identity: { user: number === 0 ? 'alice' : `person-${number}` } }))
  return visitAsMany(doorward, await sealPeople(doorward, people))
}

async function hold (visitor: Visitor): Promise<Idle> {
  const { subject, load } = visitor
  await visitor.prove(1)
  const beforeBytes = memoryBytes(subject.pid)
  await loadWith(visitor, { mode: 'idle', connections })
  await delay(settleMilliseconds)
  const withConnectionsBytes = memoryBytes(subject.pid)
  const open = openFiles(subject.pid)
  if (open < connections) throw new Error(`${subject.title}: ${connections} connections were opened, and no more than ${open} are open`)
  await load.stop()
  await stopProgram(subject)
  return { title: subject.title, beforeBytes, withConnectionsBytes }
}
