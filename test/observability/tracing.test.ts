import { test } from 'tap'
import { createLogger, openTracing } from '../../src/observability/index.ts'
import { startJourney } from '../flows/journey.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'

const logger = createLogger({ level: 'silent', format: 'json', isTerminal: false, secretPaths: [] }, { write: () => {} })

test('probe', async (t) => {
  const receiver = await startOtlpReceiver(t)
  const tracing = await openTracing({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url }, { logger, version: '1' })
  const { gateway, browser, url, upstream } = await startJourney(t, { tracing })
  await browser.signIn(url('/x?y=1'), 'bob')
  await browser.get(url('/oidc/nothing'))
  await gateway.close()
  await tracing.close()
  for (const s of receiver.spans) console.error(s.name, s.kind, s.traceId.slice(0, 4), s.spanId.slice(0, 4), s.parentId.slice(0, 4), s.isError, s.milliseconds, JSON.stringify(s.attributes))
  console.error(receiver.spans[0]?.resource, receiver.deliveries, upstream.requests.at(-1)?.headers)
})
