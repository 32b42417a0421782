/** Upper bounds of the buckets in milliseconds: from an answer out of the application's memory to its longest report. */
const bounds = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000]

/** The same, for what is counted by prom-client itself. */
export const boundsInSeconds = bounds.map((milliseconds) => milliseconds / 1000)

/** How long one kind of thing took: a count for each bucket, the last one for what is above all bounds. */
export class Durations {
  readonly #counts = new Float64Array(bounds.length + 1)
  #sumMilliseconds = 0

  /** Runs on every request, so it only counts; prom-client's `observe` costs ten times as much. */
  observe (milliseconds: number): void {
    let bucket = 0
    while (milliseconds > (bounds[bucket] ?? Infinity)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#sumMilliseconds += milliseconds
  }

  /** Lines of a histogram in seconds. @param labels such as `kind="own"` */
  lines (name: string, labels: string): string[] {
    let count = 0
    const buckets = Array.from(this.#counts, (inBucket, index) => {
      count += inBucket
      const bound = bounds[index]
      return `${name}_bucket{${labels},le="${bound === undefined ? '+Inf' : bound / 1000}"} ${count}`
    })
    return [...buckets, `${name}_sum{${labels}} ${this.#sumMilliseconds / 1000}`, `${name}_count{${labels}} ${count}`]
  }
}

export interface DurationMetric {
  readonly name: string
  readonly help: string
  readonly label: string
  /** By the value of the label. */
  readonly series: ReadonlyMap<string, Durations>
}

/** A histogram in Prometheus' text format (version 0.0.4). */
export function histogramText ({ name, help, label, series }: DurationMetric): string {
  const lines = [...series].flatMap(([value, durations]) => durations.lines(name, `${label}="${escapeLabel(value)}"`))
  return [`# HELP ${name} ${help}`, `# TYPE ${name} histogram`, ...lines, ''].join('\n')
}

function escapeLabel (value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
