/** Headers that are meant to mislead the application behind, or to cost more than they should. */
import t from 'tap'
import { exchange, parseMessage, requestText, statusOf, valuesOf } from '../support/raw-socket.ts'
import { startRogueGateway } from '../support/rogue-gateway.ts'
import { answerOnce, startByteRecorder } from '../support/upstream.ts'

const open = { access: { default: 'anonymous' } }

t.test('what CGI, method overrides and other gateways are believed by never comes from a client', async (t) => {
  const recorder = await startByteRecorder(t)
  const { gateway } = await startRogueGateway(t, { upstream: recorder.url, configuration: open })
  const names = ['Proxy', 'Remote-User', 'X_Remote_User', 'X-WebAuth-User', 'X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']
  await exchange(gateway.port, requestText('GET', '/', [...names.map((name) => [name, 'evil'] as const), ['X-Kept', 'yes']]))
  const [received = ''] = recorder.connections
  t.notMatch(received, /evil/)
  t.strictSame(valuesOf(parseMessage(received), 'x-kept'), ['yes'])
})

t.test('thousands of Connection tokens and headers pass, and name none of ours', async (t) => {
  const recorder = await startByteRecorder(t)
  const { gateway } = await startRogueGateway(t, { upstream: recorder.url, configuration: open })
  const tokens = ['x-forwarded-for', 'x-named', ...Array.from({ length: 4_000 }, (_, index) => `t${index}`)].join(',')
  const fillers = Array.from({ length: 900 }, (_, index) => [`F${index}`, 'x'] as const)
  const answer = await exchange(gateway.port, requestText('GET', '/', [['Connection', tokens], ['X-Named', 'gone'], ...fillers]))
  const received = parseMessage(recorder.connections[0] ?? '')
  t.equal(statusOf(answer), 200)
  t.strictSame(valuesOf(received, 'x-forwarded-for'), ['127.0.0.1'])
  t.strictSame(valuesOf(received, 'x-named'), [])
  t.strictSame(valuesOf(received, 'f899'), ['x'])
})

t.test('an answer without a body does not speak of a length', async (t) => {
  const recorder = await startByteRecorder(t, answerOnce('HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nX-Kept: yes\r\n\r\n'))
  const { gateway } = await startRogueGateway(t, { upstream: recorder.url, configuration: open })
  const answer = parseMessage(await exchange(gateway.port, requestText('GET', '/')))
  t.match(answer.startLine, /204/)
  t.strictSame(valuesOf(answer, 'content-length'), [])
  t.strictSame(valuesOf(answer, 'x-kept'), ['yes'])
})
