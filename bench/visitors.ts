/**
 * Who asks: people with sessions, or nobody, in front of a subject.
 *
 * Owns what is sent, and the proof that it is answered as it should be. It does not own how much of it is sent
 * (bench/load.ts).
 */
import { Browser } from '../test/support/browser.ts'
import { LoadClient } from './load-client.ts'
import { type Subject } from './subjects/index.ts'
import { protectedPath, upstreamBody } from './upstream.ts'

export interface Visitor {
  readonly subject: Subject
  /** One for each, so that its code is as warm as the subject's. */
  readonly load: LoadClient
  /** The requests, byte for byte, to be sent in turns. */
  texts (): readonly string[]
  /**
   * Otherwise a redirect to the sign-in might be what is measured. @param turn which of many people asks.
   * @throws {Error} where the answer is not the application's, or it was told of somebody else
   */
  prove (turn: number): Promise<void>
}

/** What one person asks for. */
export interface Ask {
  readonly path: string
  readonly user: string
  readonly cookie: string | undefined
}

/** Signs in as a person would: through the provider and back. */
export async function signIn ({ origin, tells }: Subject, path: string): Promise<Browser> {
  const browser = new Browser()
  if (tells.user !== 'nobody') await browser.signIn(origin + path, tells.user)
  return browser
}

/** One person, or nobody where the subject knows no people. */
export async function visit (subject: Subject, path = protectedPath): Promise<Visitor> {
  const browser = await signIn(subject, path)
  const ask = (): Ask => ({ path, user: subject.tells.user, cookie: browser.jar.header(new URL(path, subject.origin)) })
  return {
    subject,
    load: new LoadClient(),
    texts: () => [requestText(subject, ask())],
    // By the browser, which takes over a session that the subject has renewed, as the load client does not.
    prove: () => prove(subject, ask(), browser)
  }
}

/** Many people, each with a session. */
export function visitAsMany (subject: Subject, asks: readonly Ask[]): Visitor {
  const texts = asks.map((ask) => requestText(subject, ask))
  return {
    subject,
    load: new LoadClient(),
    texts: () => texts,
    prove: async (turn) => {
      // A prime, so that every turn has another person.
      const ask = asks[turn * 7919 % asks.length]
      if (ask !== undefined) await prove(subject, ask, new Browser())
    }
  }
}

async function prove ({ title, origin, tells }: Subject, { path, user, cookie }: Ask, browser: Browser): Promise<void> {
  const { status, text, headers } = await browser.get(origin + path, { program: true, ...cookie !== undefined && { headers: { cookie } } })
  const told = { user: headers['x-seen-user'], assertion: headers['x-seen-assertion'] }
  if (status === 200 && text === upstreamBody && told.user === user && told.assertion === tells.assertion) return
  throw new Error(`${title}: expected the upstream’s answer for ${user} (assertion: ${tells.assertion}), got ${status} for ${String(told.user)} (assertion: ${String(told.assertion)})`)
}

/** What a small API call of a browser looks like, without what differs from one to the next. */
function requestText ({ origin }: Subject, { path, cookie }: Ask): string {
  return [
    `GET ${path} HTTP/1.1`,
    `Host: ${new URL(origin).host}`,
    'User-Agent: bench',
    'Accept: application/json',
    'Accept-Language: en',
    ...(cookie === undefined ? [] : [`Cookie: ${cookie}`]),
    '\r\n'
  ].join('\r\n')
}
