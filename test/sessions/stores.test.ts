import t, { test } from 'tap'
import { missingPart } from '../support/parts.ts'
import { startProvider } from '../support/provider.ts'
import { startRedis } from '../support/redis.ts'
import { storeContract } from './store-contract.ts'

const provider = await startProvider(t)

test('sessions in cookies', async (t) => { await storeContract(t, { name: 'cookie', session: { store: 'cookie' }, provider }) })

test('sessions in memory', async (t) => { await storeContract(t, { name: 'memory', session: { store: 'memory' }, provider }) })

test('sessions in Redis', { skip: missingPart('redis-server') }, async (t) => {
  const redis = await startRedis(t)
  await storeContract(t, { name: 'redis', session: { store: 'redis', redis: { url: redis.url } }, provider })
})

test('sessions in cookies, their end shared by Redis', { skip: missingPart('redis-server') }, async (t) => {
  const redis = await startRedis(t)
  await storeContract(t, { name: 'cookie beside Redis', session: { store: 'cookie', redis: { url: redis.url } }, provider })
})
