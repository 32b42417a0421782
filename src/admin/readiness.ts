/** Since when something is as it is. */
interface State<Status extends string> {
  readonly status: Status
  /** ISO 8601. */
  readonly since: string
}

interface DependencyState extends State<'unknown' | 'up' | 'down'> {
  /** Of the latest attempt, where it is down. */
  readonly reason?: string
}

export interface ReadinessReport extends State<'starting' | 'ready' | 'unavailable' | 'draining'> {
  /** What Doorward depends on, by name; `unknown` until it was first asked. */
  readonly dependencies: Readonly<Record<string, DependencyState>>
}

/** Whether this process should be sent people. */
export interface Readiness {
  /** The dependency was asked for something, and answered or did not. The reason is for everybody to read: it holds no secret. */
  asked (dependency: string, isUp: boolean, reason?: string): void
  /** What else it depends on from now on, as in `createReadiness`. What is known of a dependency stays known, and who was ready stays so. */
  depend (others: ReadonlyArray<readonly string[]>): void
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
  const vitalKinds = vital.map((name) => [name])
  let kinds = [...others, ...vitalKinds]
  const since = <Status extends string>(status: Status): State<Status> => ({ status, since: new Date(now()).toISOString() })
  const statesOf = (earlier: Readonly<Record<string, DependencyState>>): Record<string, DependencyState> => Object.fromEntries(kinds.flat().map((name) => [name, earlier[name] ?? since('unknown')]))
  let states = statesOf({})
  const answered = new Set<string>()
  let own: State<ReadinessReport['status']> = since('starting')

  return {
    asked (dependency, isUp, reason) {
      const status = isUp ? 'up' : 'down'
      const before = states[dependency]
      const state = before?.status === status ? before : since(status)
      states[dependency] = { status, since: state.since, ...reason !== undefined && { reason } }
      if (isUp) answered.add(dependency)
      const isServing = kinds.every((kind) => kind.some((name) => answered.has(name)))
      if (isServing && own.status === 'starting') own = since('ready')
    },
    depend (next) {
      kinds = [...next, ...vitalKinds]
      states = statesOf(states)
    },
    drain () { own = since('draining') },
    report () {
      const lost = own.status === 'ready' ? vital.map((name) => states[name]).find((state) => state?.status === 'down') : undefined
      return { ...own, ...lost !== undefined && { status: 'unavailable', since: lost.since }, dependencies: { ...states } }
    }
  }
}
