import { type Options, type SubjectName } from './options.ts'
import { type Goal } from './goals.ts'
import { type SubjectParts } from './subjects/index.ts'
import { type Visitor } from './visitors.ts'

/** What every measurement of a run works with. */
export interface Bench {
  readonly options: Options
  readonly parts: SubjectParts
  /** Started and signed in to when first asked for; `undefined` where the subject is not installed. */
  readonly visitorOf: (name: SubjectName) => Promise<Visitor | undefined>
  /** Tells the person who waits how far it is. */
  readonly say: (line: string) => void
}

/** What a measurement found. */
export interface Findings {
  /** A table for people. */
  readonly text: string
  readonly goals: readonly Goal[]
  /** For `latest.json`: the medians, and the rounds that they come from. */
  readonly figures: unknown
}
