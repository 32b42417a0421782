/** Reads metrics as Prometheus does, and strictly: a line that is not of the text format (version 0.0.4) is an error. */

export interface Metric {
  readonly type: string
  readonly help: string
  /** Labels as they are written, such as `{kind="own",status="200"}` → value; of a histogram, with the end of the name in front. */
  readonly samples: Readonly<Record<string, number>>
}

/** Name → metric. @param admin origin of the admin listener */
export async function scrape (admin: string): Promise<Record<string, Metric>> {
  const response = await fetch(`${admin}/metrics`)
  return parseExposition(await response.text())
}

/** Scrapes until a sample has the value: what ends a request is counted a moment after its client has learnt of it. */
export async function untilCounted (admin: string, name: string, labels: string, value: number): Promise<Record<string, Metric>> {
  let counted: number | undefined
  for (let attempt = 0; attempt < 500; attempt++) {
    const metrics = await scrape(admin)
    counted = samplesOf(metrics, name)[labels]
    if (counted === value) return metrics
  }
  throw new Error(`${name}${labels} was to become ${value}, and is ${counted}`)
}

/** None where there is no such metric. */
export function samplesOf (metrics: Readonly<Record<string, Metric>>, name: string): Metric['samples'] {
  return metrics[name]?.samples ?? {}
}

const labelPattern = String.raw`[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*"`
const samplePattern = new RegExp(String.raw`^([a-zA-Z_:][\w:]*)((?:\{${labelPattern}(?:,${labelPattern})*\})?) (\S+)$`)

export function parseExposition (text: string): Record<string, Metric> {
  const metrics: Record<string, { type: string, help: string, samples: Record<string, number> }> = {}
  let [current, help] = ['', '']
  if (!text.endsWith('\n')) throw new Error('the last line does not end')
  for (const line of text.split('\n').filter((line) => line !== '')) {
    const [, helped, words] = /^# HELP (\S+) (.+)$/.exec(line) ?? []
    const [, typed, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? []
    if (helped !== undefined && words !== undefined) [current, help] = [helped, words]
    else if (typed === current && type !== undefined && !(current in metrics)) metrics[current] = { type, help, samples: {} }
    else addSample(line, current, metrics[current])
  }
  return metrics
}

function addSample (line: string, current: string, metric: { type: string, samples: Record<string, number> } | undefined): void {
  const [, name = '', labels = '', value = ''] = samplePattern.exec(line) ?? []
  const ending = name.slice(current.length)
  const isOfCurrent = name.startsWith(current) && (metric?.type === 'histogram' ? ['_bucket', '_sum', '_count'].includes(ending) : ending === '')
  const key = ending + labels
  if (metric === undefined || !isOfCurrent || key in metric.samples || (Number.isNaN(Number(value)) && value.toLowerCase() !== 'nan')) throw new Error(`not the text format, or twice: ${line}`)
  metric.samples[key] = Number(value)
}
