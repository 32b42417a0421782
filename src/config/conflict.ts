/** Settings that are fine one by one and can't hold together. */
export interface Conflict {
  /** The settings concerned; the first is the one to change, unless only another one was given. */
  readonly settings: readonly string[]
  readonly message: string
}
