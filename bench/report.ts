import { type Goal } from './goals.ts'
import { type Machine } from './machine.ts'

/** For people: the tables, the goals, and what they were measured on. */
export function reportText (tables: readonly string[], goals: readonly Goal[], machine: Machine): string {
  return [...tables.flatMap((text) => text === '' ? [] : [text, '']), ...goals.map(goalLine), '', ...machineLines(machine), ''].join('\n')
}

function goalLine ({ about, unit, most, measured, isMet }: Goal): string {
  const verdict = isMet === undefined ? 'not measured' : isMet ? 'met' : 'MISSED'
  const found = measured === undefined ? '' : `, measured ${measured.toFixed(unit === 'MiB' || unit === '' ? 0 : 2)}`
  return `goal ${verdict}: ${about} at most ${most} ${unit}${found}`
}

function machineLines ({ processor, cores, pinned, load, linux, node, undici, nginx, apache, modAuthOpenidc, oauth2Proxy }: Machine): string[] {
  return [
    `${processor}, ${cores} cores, Linux ${linux}; ${pinned ? 'subject pinned to core 0, load client and upstream to core 1' : 'no process is pinned to a core'}; load before the run ${load.toFixed(1)}`,
    [`Node ${node}`, `undici ${undici}`, nginx, apache, modAuthOpenidc, oauth2Proxy].filter((part) => part !== undefined).join(' · ')
  ]
}
