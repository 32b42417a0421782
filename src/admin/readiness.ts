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
 * Ready once every dependency has answered. One that is lost later leaves Doorward ready: whoever is signed in is still
 * served, and no other replica would fare better. Not so what is vital: without it nobody is served.
 */
export function createReadiness (others: readonly string[], now: () => number, vital: readonly string[] = []): Readiness {
  const dependencies = [...others, ...vital]
  const since = <Status extends string>(status: Status): State<Status> => ({ status, since: new Date(now()).toISOString() })
  const states: Record<string, ReadinessReport['dependencies'][string]> = Object.fromEntries(dependencies.map((name) => [name, since('unknown')]))
  const missing = new Set(dependencies)
  let own: State<ReadinessReport['status']> = since('starting')

  return {
    asked (dependency, isUp) {
      const status = isUp ? 'up' : 'down'
      if (states[dependency]?.status !== status) states[dependency] = since(status)
      if (isUp) missing.delete(dependency)
      if (missing.size === 0 && own.status === 'starting') own = since('ready')
    },
    drain () { own = since('draining') },
    report () {
      const lost = own.status === 'ready' ? vital.map((name) => states[name]).find((state) => state?.status === 'down') : undefined
      return { ...own, ...lost !== undefined && { status: 'unavailable', since: lost.since }, dependencies: { ...states } }
    }
  }
}
