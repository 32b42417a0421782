/** A client that leaves: nobody waits for the answer any more, so the application need not go on either. */
import { once } from 'node:events'
import { type IncomingMessage } from 'node:http'
import t from 'tap'
import { ask, responseTo, startOpenGateway } from './open-gateway.ts'

t.test('E13: nobody waits any more: before the answer', async (t) => {
  const asked = Promise.withResolvers<IncomingMessage>()
  const closed = Promise.withResolvers<undefined>()
  const { port } = await startOpenGateway(t, (request, response) => {
    response.on('close', () => { closed.resolve(undefined) })
    asked.resolve(request)
  })
  const request = ask(port).on('error', () => {}).end()
  await asked.promise
  request.destroy()
  await closed.promise
})

t.test('nobody waits any more: in the middle of a download', async (t) => {
  const closed = Promise.withResolvers<boolean>()
  const { port } = await startOpenGateway(t, (_request, response) => {
    response.on('close', () => { closed.resolve(response.writableFinished) })
    const block = Buffer.alloc(64 * 1024)
    const more = (): void => { while (response.write(block)); response.once('drain', more) }
    more()
  })
  const response = await responseTo(ask(port).end())
  await once(response, 'data')
  response.destroy()
  t.equal(await closed.promise, false)
})

for (const headers of [{ 'content-length': '1000' }, { 'transfer-encoding': 'chunked' }]) {
  t.test(`nobody sends any more: in the middle of an upload with ${Object.keys(headers).join()}`, async (t) => {
    const started = Promise.withResolvers<undefined>()
    const aborted = Promise.withResolvers<Error>()
    const { port } = await startOpenGateway(t, (request) => {
      request.on('error', (error) => { aborted.resolve(error) })
      request.once('data', () => { started.resolve(undefined) })
    })
    const request = ask(port, { method: 'POST', headers }).on('error', () => {})
    request.write('half')
    await started.promise
    request.destroy()
    t.match(await aborted.promise, { code: 'ECONNRESET' }, 'never a short body that looks whole')
  })
}

t.test('who leaves is no failure of the application', async (t) => {
  const asked = Promise.withResolvers<undefined>()
  const closed = Promise.withResolvers<undefined>()
  const { port, logs } = await startOpenGateway(t, (_request, response) => {
    response.on('close', () => { closed.resolve(undefined) })
    asked.resolve(undefined)
  })
  const request = ask(port).on('error', () => {}).end()
  await asked.promise
  request.destroy()
  await closed.promise
  t.notMatch(logs.join(''), /upstream_failed|"level":"(warn|error|fatal)"(?!.*provider)/)
})
