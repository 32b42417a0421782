import { type TokenRejection } from '../observability/index.ts'

/** An access token or a logout token that is not accepted. The message is the reason's word; nothing of the token is in it. */
export class TokenRejected extends Error {
  override readonly name = 'TokenRejected'
  readonly reason: TokenRejection
  /** What the token says where the reason lies, such as its audience: for the log, since nobody has signed for it. */
  readonly found: unknown

  constructor (reason: TokenRejection, found?: unknown) {
    super(reason)
    this.reason = reason
    this.found = found
  }
}
