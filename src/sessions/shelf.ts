/**
 * Things that are kept here for a short while and taken once, under names that nobody guesses or that are worth nothing
 * to whoever does. @throws {Problem} `session_store_unavailable`, where it is shared and can't be reached
 */
export interface Shelf {
  put (name: string, value: string, milliseconds: number): void | Promise<void>
  /** What was put there, unless somebody took it already or its time is over. */
  take (name: string): string | undefined | Promise<string | undefined>
}
