import { textOfSegment } from './policy-form.ts'

/** What may stand in the path of a rule as a whole segment, and as a name in its demands. */
const placeholders = ['{organization}', '{project}'] as const

type Placeholder = typeof placeholders[number]

/** Placeholder → the text that stands in its place; none where that is no text. */
export type Captured = ReadonlyMap<string, string>

export function isPlaceholder (text: string): text is Placeholder {
  return placeholders.some((placeholder) => placeholder === text)
}

const nothing: Captured = new Map()

/**
 * Compiles what reads the placeholders of a path that the glob covers. A segment is decoded once and compared as it is,
 * upper and lower case included: who spells it otherwise is in no organization of that name, and is refused.
 *
 * @param glob without `**` before a placeholder, so that each has its place
 */
export function compileCapture (glob: string): (path: string) => Captured {
  const places = glob.split('/').flatMap((segment, place) => isPlaceholder(segment) ? [[segment, place] as const] : [])
  if (places.length === 0) return () => nothing
  return (path) => {
    const segments = path.split('/')
    const texts = places.map(([placeholder, place]) => [placeholder, textOfSegment(segments[place] ?? '')] as const)
    return new Map(texts.filter((entry): entry is readonly [Placeholder, string] => entry[1] !== undefined))
  }
}
