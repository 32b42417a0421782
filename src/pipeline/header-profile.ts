import { type Session } from '../sessions/index.ts'

/** Whom the application is told about: a session, or anybody else who is let in and of whom as much is known. */
export type Principal = Pick<Session, 'identity' | 'allClaims' | 'tokens'>

export type HeaderLine = readonly [name: string, value: string]

/** What must be kept of somebody, beside the identity, for the headers to be written. Cookies are small: nothing else is. */
export interface ProfileNeeds {
  /** Claims by name. */
  readonly claims: readonly string[]
  readonly allClaims: boolean
  readonly accessToken: boolean
}

/** A set of headers that an application may have been written for: one file each. */
export interface HeaderProfile {
  readonly needs: ProfileNeeds
  /**
   * The header lines for somebody. Claims may hold anything: what a line must not hold has been replaced. Every name
   * must be one that the header filter drops from a client's request.
   */
  linesOf (principal: Principal): readonly HeaderLine[]
}
