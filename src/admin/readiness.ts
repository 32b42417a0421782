/** How much it matters that a dependency is there: not at all, for the start, or all the time. */
export type Need = 'never' | 'once' | 'always'

/** Dependencies that can stand in for each other. */
export interface Dependency {
  /** As `/readyz` has them, such as `provider:corp`. One that is there is enough. */
  readonly names: readonly string[]
  readonly need: Need
}

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
  asked (name: string, isUp: boolean, reason?: string): void
  /** What it depends on from now on. What is known of a dependency stays known, and who was ready stays so. */
  depend (dependencies: readonly Dependency[]): void
  /** From here on nobody new should be sent here. */
  drain (): void
  report (): ReadinessReport
}

/** Ready once everything that is needed has been there; unavailable while something is away that is needed always. */
export function createReadiness (initial: readonly Dependency[], now: () => number): Readiness {
  const since = <Status extends string>(status: Status): State<Status> => ({ status, since: new Date(now()).toISOString() })
  const answered = new Set<string>()
  let dependencies: readonly Dependency[] = []
  let states: Readonly<Record<string, DependencyState>> = {}
  let own: State<ReadinessReport['status']> = since('starting')

  function depend (next: readonly Dependency[]): void {
    dependencies = next
    states = Object.fromEntries(next.flatMap(({ names }) => names).map((name) => [name, states[name] ?? since('unknown')]))
    becomeReady()
  }

  function becomeReady (): void {
    if (own.status !== 'starting') return
    const isComplete = dependencies.every(({ names, need }) => need === 'never' || names.some((name) => answered.has(name)))
    if (isComplete) own = since('ready')
  }

  /** Since when one is away that is needed always: since the last that could stand in for it went. */
  function lostSince (): string | undefined {
    const away = dependencies.filter(({ names, need }) => need === 'always' && names.every((name) => states[name]?.status === 'down'))
    const moments = away.map(({ names }) => names.map((name) => states[name]?.since ?? '').sort().at(-1) ?? '')
    return moments.sort().at(0)
  }

  depend(initial)
  return {
    asked (name, isUp, reason) {
      const before = states[name]
      if (before === undefined) return
      const status = isUp ? 'up' : 'down'
      const { since: beganAt } = before.status === status ? before : since(status)
      const wasLost = lostSince() !== undefined
      states = { ...states, [name]: { status, since: beganAt, ...reason !== undefined && { reason } } }
      if (own.status === 'ready' && wasLost && lostSince() === undefined) own = since('ready')
      if (!isUp) return
      answered.add(name)
      becomeReady()
    },
    depend,
    drain () { own = since('draining') },
    report () {
      const lost = own.status === 'ready' ? lostSince() : undefined
      return { ...own, ...lost !== undefined && { status: 'unavailable', since: lost }, dependencies: states }
    }
  }
}
