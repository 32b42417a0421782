/** Whether a request costs more where there is more of everything. */
import { type Bench, type Findings } from './bench.ts'
import { judge } from './goals.ts'
import { measureInTurns } from './measure.ts'
import { sealPeople } from './sealed-people.ts'
import { median, medianOfPairs } from './statistics.ts'
import { many, membershipOf, one, pathOf, personInAllGroups, type Size, startSizedDoorward, userName } from './subjects/sized-doorward.ts'
import { mebibytes, table } from './table.ts'
import { visitAsMany, type Visitor } from './visitors.ts'

const mostRounds = 10

export async function measureScale ({ options, parts, say }: Bench): Promise<Findings> {
  const start = async (id: string, title: string, size: Size, groupsOfEach: 'one' | 'all'): Promise<Visitor> => {
    const user = groupsOfEach === 'one' ? userName(0) : personInAllGroups
    const doorward = await startSizedDoorward(parts, { id, title, size, user })
    const people = Array.from({ length: size.sessions }, (_, number) => ({
      path: pathOf(number, size),
      identity: groupsOfEach === 'one' ? { user: userName(number), ...membershipOf(number, size) } : { user: number === 0 ? user : userName(number) }
    }))
    return visitAsMany(doorward, await sealPeople(doorward, people))
  }
  const visitors = [
    await start('one', 'one of each', one, 'one'),
    await start('many', sizeText(many), many, 'one'),
    await start('many-in-all', 'the same, everybody in every group', many, 'all')
  ]
  say('scale: ready')
  const all = await measureInTurns(visitors, { ...options, rounds: Math.min(mostRounds, options.rounds) }, (last, number) => {
    say(`scale, round ${number}: ${last.map(({ cpu }) => `${cpu.toFixed(0)} µs`).join(', ')}`)
  })
  const base = all[0] ?? []
  const figures = visitors.map(({ subject: { title } }, index) => {
    const own = all[index] ?? []
    return { title, cpu: median(own.map(({ cpu }) => cpu)), vsOne: medianOfPairs(own, base, (a, b) => a.cpu / b.cpu), memoryBytes: median(own.map((round) => round.memoryBytes)), rounds: own }
  })
  return {
    text: table(['Doorward with', 'CPU/request', 'vs one of each', 'memory'], figures.map(({ title, cpu, vsOne, memoryBytes }) => [title, `${cpu.toFixed(0)} µs`, `${vsOne.toFixed(2)} ×`, mebibytes(memoryBytes)])),
    goals: [judge(`CPU of Doorward with ${sizeText(many)} by that with one of each`, '×', 1.1, figures[1]?.vsOne)],
    figures: { size: many, subjects: figures }
  }
}

function sizeText ({ groups, rules, upstreams, sessions }: Size): string {
  return `${groups} groups, ${rules} rules, ${upstreams} upstream${upstreams === 1 ? '' : 's'}, ${sessions} sessions`
}
