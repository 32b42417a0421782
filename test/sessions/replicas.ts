/** Several gateways that share one Redis and one public origin, as replicas behind a load balancer. */
import { type Test } from 'tap'
import { type Journey, type JourneyOptions, startJourney } from '../flows/journey.ts'
import { Browser } from '../support/browser.ts'

const publicUrl = 'https://app.example.com'

/** As `startJourney`, under one public origin; with the same options, another replica of the same thing. */
export async function startReplica (t: Test, session: Readonly<Record<string, unknown>>, options: JourneyOptions = {}): Promise<Journey> {
  return await startJourney(t, { publicUrl, ...options, configuration: { ...options.configuration, session } })
}

/** A browser with the cookies of another that reaches this replica: the load balancer sent it here. */
export function browserAt ({ gateway }: Journey, { jar }: Browser): Browser {
  const browser = new Browser({ balancer: { [gateway.origin]: gateway.port } })
  Object.assign(browser, { jar })
  return browser
}

/** Health as the platform sees it. */
export async function readiness ({ gateway }: Journey): Promise<{ httpStatus: number, status: string, dependencies: Record<string, { status: string }> }> {
  const answer = await fetch(`${gateway.admin}/readyz`)
  return { httpStatus: answer.status, ...await answer.json() as { status: string, dependencies: Record<string, { status: string }> } }
}

export async function metric ({ gateway }: Journey, name: string): Promise<number> {
  const text = await (await fetch(`${gateway.admin}/metrics`)).text()
  return Number(text.split('\n').find((line) => line.startsWith(name))?.split(' ').at(-1))
}
