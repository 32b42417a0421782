/** Since when something is as it is. */
interface State<Status extends string> {
  readonly status: Status
  /** ISO 8601. */
  readonly since: string
}

export interface ReadinessReport extends State<'starting' | 'ready' | 'unavailable' | 'draining'> {
  /** What Doorward depends on, by name; `unknown` until it was first asked. */
  readonly dependencies: Readonly<Record<string, State<'unknown' | 'up' | 'down'>>>
}

/** Whether this process should be sent people. */
export interface Readiness {
  /** The dependency was asked for something, and answered or did not. */
  asked (dependency: string, isUp: boolean): void
  /** From here on nobody new should be sent here. */
  drain (): void
  report (): ReadinessReport
}

/**
 * Ready once of each kind of dependency one has answered: of several providers, one is enough for people to sign in.
 * What is lost later leaves Doorward ready: whoever is signed in is still served, and no other replica would fare better.
 * Not so what is vital: without it nobody is served.
 *
 * @param others names of dependencies, of which each kind needs one
 * @param vital names of those that are all needed, all the time
 */
export function createReadiness (others: ReadonlyArray<readonly string[]>, now: () => number, vital: readonly string[] = []): Readiness {
  const kinds = [...others, ...vital.map((name) => [name])]
  const since = <Status extends string>(status: Status): State<Status> => ({ status, since: new Date(now()).toISOString() })
  const states: Record<string, ReadinessReport['dependencies'][string]> = Object.fromEntries(kinds.flat().map((name) => [name, since('unknown')]))
  const answered = new Set<string>()
  let own: State<ReadinessReport['status']> = since('starting')

  return {
    asked (dependency, isUp) {
      const status = isUp ? 'up' : 'down'
      if (states[dependency]?.status !== status) states[dependency] = since(status)
      if (isUp) answered.add(dependency)
      const isServing = kinds.every((kind) => kind.some((name) => answered.has(name)))
      if (isServing && own.status === 'starting') own = since('ready')
    },
    drain () { own = since('draining') },
    report () {
      const lost = own.status === 'ready' ? vital.map((name) => states[name]).find((state) => state?.status === 'down') : undefined
      return { ...own, ...lost !== undefined && { status: 'unavailable', since: lost.since }, dependencies: { ...states } }
    }
  }
}
