import { createSharedWork } from './shared-work.ts'

export interface FreshToken {
  readonly accessToken: string
  /** `undefined`: not said, and so not kept. */
  readonly expiresInSeconds: number | undefined
}

/** An access token of Doorward's own. */
export interface KeptToken {
  get (): Promise<string>
  /** It was refused: the next one is fetched anew. */
  forget (): void
}

/** A token that is about to expire would be refused on the way. */
const marginMilliseconds = 60_000

/** Fetches a token when somebody needs it, once for all who wait, and keeps it for most of its life. */
export function createKeptToken (fetchToken: () => Promise<FreshToken>, now: () => number): KeptToken {
  const share = createSharedWork<string>()
  let held: { readonly token: string, readonly until: number } | undefined

  async function renew (): Promise<string> {
    const { accessToken, expiresInSeconds = 0 } = await fetchToken()
    held = { token: accessToken, until: now() + expiresInSeconds * 1000 - marginMilliseconds }
    return accessToken
  }

  return {
    async get () {
      return held !== undefined && now() < held.until ? held.token : await share('token', renew)
    },
    forget () { held = undefined }
  }
}
