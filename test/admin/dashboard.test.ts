/** The dashboard and the alerts ask for what a running Doorward really counts. */
import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { parse } from 'yaml'
import { anotherBrowser, startJourney } from '../flows/journey.ts'
import { type Metric, scrape } from './scrape.ts'

interface Query {
  readonly where: string
  readonly expr: string
}

/** Prometheus adds them to whatever it scrapes. */
const scraped = ['job', 'instance']

function file (name: string): string {
  return readFileSync(new URL(`../../docs/grafana/${name}`, import.meta.url), 'utf8')
}

interface Dashboard {
  readonly panels: ReadonlyArray<{ readonly id: number, readonly title: string, readonly type: string, readonly gridPos: { x: number, w: number }, readonly targets?: ReadonlyArray<{ readonly expr: string, readonly legendFormat: string }> }>
}

interface Rules {
  readonly groups: ReadonlyArray<{ readonly rules: ReadonlyArray<{ readonly alert: string, readonly expr: string, readonly annotations: Readonly<Record<string, string>> }> }>
}

const { panels } = JSON.parse(file('doorward.json')) as Dashboard
const alerts = (parse(file('alerts.yaml')) as Rules).groups.flatMap(({ rules }) => rules)

const metrics = await runningMetrics(t)

/** After everything that brings a series into being. */
async function runningMetrics (t: Test): Promise<Readonly<Record<string, Metric>>> {
  const journey = await startJourney(t, { configuration: { groups: { allow: ['cmdbsyncer-ops'] } } })
  await journey.browser.signIn(journey.url('/'), 'bob')
  await anotherBrowser(journey).signIn(journey.url('/'), 'carol')
  return await scrape(journey.gateway.admin)
}

/** What of an expression is not there. */
function problems ({ where, expr }: Query): string[] {
  const asked = [...expr.matchAll(/\b([a-z]\w*_\w+)(?:\{([^}]*)\})?(?=[\s[)]|$)/g)]
  const by = (/\bby \(([^)]*)\)/.exec(expr)?.[1] ?? '').split(', ').filter((label) => label !== '')
  if (asked.length === 0) return [`${where}: asks for nothing`]
  return asked.flatMap(([, name = '', matchers = '']) => problemsOf(name, matchers, by)).map((problem) => `${where}: ${problem}`)
}

function problemsOf (name: string, matchers: string, by: readonly string[]): string[] {
  const [found, ending] = name in metrics ? [metrics[name], ''] : [metrics[name.replace(/_bucket$/, '')], '_bucket']
  if (found === undefined || (ending !== '' && found.type !== 'histogram')) return [`there is no ${name}`]
  const samples = Object.keys(found.samples).filter((key) => key.startsWith(ending))
  const labels = new Set([...scraped, ...samples.flatMap((key) => key.match(/\w+(?==")/g) ?? [])])
  const wanted = matchers.split(/,(?=\w+[=!])/).filter((matcher) => matcher !== '').map((matcher) => /^(\w+)(=~|!~|!=|=)"(.*)"$/.exec(matcher) ?? [matcher, matcher])
  const exact = wanted.filter(([, label = '', operator]) => operator === '=' && !scraped.includes(label)).map(([, label, , value]) => `${label}="${value}"`)
  return [
    ...[...by, ...wanted.map(([, label = '']) => label)].filter((label) => !labels.has(label)).map((label) => `${name} has no label ${label}`),
    ...samples.some((key) => exact.every((pair) => key.includes(pair))) ? [] : [`no series of ${name} has ${exact.join(' and ')}`]
  ]
}

/** Labels that a text shows, and that the answer to the query does not have. */
function lostLabels ({ expr }: Query, shown: readonly string[]): string[] {
  const kept = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ') ?? (/\b(?:sum|min|max)\(/.test(expr) ? [] : [...scraped, 'output', 'provider'])
  return shown.filter((label) => !kept.includes(label))
}

t.test('every panel shows metrics that there are, by labels that they have', async (t) => {
  for (const { title, type, targets = [] } of panels.filter(({ type }) => type !== 'row')) {
    t.ok(targets.length > 0, `${title} (${type})`)
    for (const { expr, legendFormat } of targets) {
      const query = { where: title, expr }
      t.strictSame([...problems(query), ...lostLabels(query, [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label))], [])
    }
  }
})

t.test('every alert asks for metrics that there are, and its text for labels that they have', async (t) => {
  t.ok(alerts.length > 5)
  for (const { alert, expr, annotations } of alerts) {
    const query = { where: alert, expr }
    const shown = [...Object.values(annotations).join(' ').matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label)
    t.strictSame([...problems(query), ...lostLabels(query, shown)], [])
    t.ok(annotations['summary'] !== undefined && annotations['description'] !== undefined, alert)
  }
})

t.test('panels have ids of their own and fit into the width of a dashboard', async (t) => {
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  t.strictSame(panels.filter(({ gridPos: { x, w } }) => x + w > 24), [])
})

t.test('an expression for what is not there is found out', async (t) => {
  const wrong = ['up_and_away', 'sum by (realm) (rate(doorward_logins_total[5m]))', 'doorward_logins_total{realm="x"}', 'doorward_logins_total{outcome="maybe"}', 'doorward_logins_total_bucket', '1 + 1']
  for (const expr of wrong) t.not(problems({ where: 'x', expr }).length, 0, expr)
})
