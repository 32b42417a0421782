import { type Fault } from './issues.ts'
import { isTree, type Tree } from './path.ts'
import { nearest } from './suggest.ts'

interface Known {
  readonly people: readonly string[]
  /** Ids of the providers in the configuration. */
  readonly providers: readonly string[]
}

/** What can't be expected where nobody asks. */
const aboutPeople = ['reason', 'user', 'email', 'name', 'firstName', 'lastName', 'groups', 'roles', 'organizations', 'projects', 'attributes']

/** What does not fit together in a case, whatever else is wrong with it; paths begin at the case. */
export function caseFaults (entry: unknown, { people, providers }: Known): Fault[] {
  if (!isTree(entry)) return []
  const expected = isTree(entry['expect']) ? entry['expect'] : {}
  const has = (key: string): boolean => Object.hasOwn(entry, key)
  const isSomebody = has('person') || has('claims')
  const { person, provider } = entry
  return [
    ...isSomebody || has('path') ? [] : [fault([], 'expected a person, claims or a path to decide about')],
    ...has('person') && has('claims') ? [fault(['claims'], 'expected either person or claims')] : [],
    ...unknownName(['person'], person, people, 'a key of people'),
    ...unknownName(['provider'], provider, providers, 'the id of a provider'),
    ...isSomebody && !has('provider') && providers.length > 1 ? [fault(['provider'], `is required, since there are several: ${providers.join(', ')}`)] : [],
    ...isSomebody ? [] : without(entry, ['provider'], [], 'person or claims'),
    ...isSomebody ? [] : without(expected, aboutPeople, ['expect'], 'person or claims'),
    ...has('path') ? [] : [...without(entry, ['method', 'host', 'address'], [], 'path'), ...without(expected, ['rule'], ['expect'], 'path')]
  ]
}

function fault (path: Fault['path'], message: string): Fault {
  return { path, part: 'value', message }
}

function without (section: Tree, keys: readonly string[], above: Fault['path'], needed: string): Fault[] {
  return keys.filter((key) => Object.hasOwn(section, key)).map((key) => fault([...above, key], `needs ${needed}`))
}

function unknownName (path: Fault['path'], name: unknown, known: readonly string[], what: string): Fault[] {
  if (typeof name !== 'string' || known.includes(name)) return []
  const meant = nearest(name, known)
  const list = known.length === 0 ? '' : ` (${known.join(', ')})`
  return [fault(path, `expected ${what}${list}; found ${JSON.stringify(name)}${meant === undefined ? '' : `; did you mean ${meant}?`}`)]
}
