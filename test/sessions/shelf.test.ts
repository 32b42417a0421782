/** What lies on a shelf is there once, for a while: one suite, in memory and in Redis. */
import { type Test, test } from 'tap'
import { createLogger } from '../../src/observability/index.ts'
import { createBoundedShelf, createSeals, createStorage, type Shelf, type Storage } from '../../src/sessions/index.ts'
import { stoppedClock } from '../flows/journey.ts'
import { missingPart } from '../support/parts.ts'
import { startRedis, type TestRedis, until } from '../support/redis.ts'

const limits = { maxEntries: 3, maxCharacters: 100 }
const seals = await createSeals(['session', 'record', 'shelf'], { secrets: [Buffer.alloc(32, 1)], application: 'https://app.example.com' })

async function start (t: Test, redis: TestRedis | undefined, now: () => number = Date.now): Promise<Storage> {
  const settings = redis === undefined ? undefined : { url: redis.url, nodes: [], cluster: false, keyPrefix: 'x:' }
  const logger = createLogger({ level: 'info', format: 'json', isTerminal: false, secretPaths: [] }, { write: () => {} })
  const storage = await createStorage({ store: 'cookie', redis: settings, longestLifetime: () => 60_000 }, { seals, logger, now, onAsked () {}, onFailed () {} })
  t.teardown(() => { storage.close() })
  await storage.start()
  return storage
}

/** @param same a shelf of another process that shares what there is to share */
async function shelfContract (t: Test, shelf: Shelf, same: Shelf, other: Shelf): Promise<void> {
  const { put, take, has } = shelf
  await put('a', 'first', 60_000)
  await put('b', '', 60_000)
  t.strictSame([await has('a'), await has('b'), await has('c')], [true, true, false])
  t.equal(await other.has('a'), false, 'of another kind')
  t.equal(await other.take('a'), undefined)
  t.strictSame([await same.take('a'), await take('a'), await has('a')], ['first', undefined, false], 'there for the first who takes it')
  t.strictSame([await take('b'), await take('b')], ['', undefined], 'nothing is something, too')
  await put('a', 'second', 60_000)
  await put('a', 'third', 60_000)
  const taken = await Promise.all(Array.from({ length: 20 }, async (_, index) => await (index % 2 === 0 ? shelf : same).take('a')))
  t.strictSame(taken.filter((value) => value !== undefined), ['third'], 'of many at once, one has it')
}

test('in memory', async (t) => {
  const clock = stoppedClock()
  const storage = await start(t, undefined, () => clock.now)
  const shelf = storage.shelf('x', limits)
  await shelfContract(t, shelf, shelf, storage.shelf('x', limits))

  await shelf.put('a', 'text', 1_000)
  clock.now += 999
  t.equal(await shelf.has('a'), true)
  clock.now += 1
  t.strictSame([await shelf.has('a'), await shelf.take('a')], [false, undefined], 'its time is over')
  for (const name of ['1', '2', '3', '4']) await shelf.put(name, 'x', 1_000)
  t.strictSame([await shelf.has('1'), await shelf.has('4')], [false, true], 'the oldest makes room')
})

test('in Redis', { skip: missingPart('redis-server') }, async (t) => {
  const redis = await startRedis(t)
  const [one, two] = [await start(t, redis), await start(t, redis)]
  const shelf = one.shelf('x', limits)
  await shelfContract(t, shelf, two.shelf('x', limits), one.shelf('y', limits))

  await shelf.put('a', 'text', 50)
  await until(async () => !await shelf.has('a'))
  t.equal(await shelf.take('a'), undefined, 'its time is over')

  await shelf.put('name of a form', 'what is in it', 60_000)
  const key = await redis.ask('keys', '*')
  const sealed = await redis.ask('get', key)
  t.match(key, /^x:x:[\w-]{43}$/)
  t.match(sealed, /^[\w-]+\.[\w-]+$/)
  await shelf.put('moved', 'else', 60_000)
  const moved = (await redis.ask('keys', '*')).split('\n').find((each) => each !== key) ?? ''
  await redis.ask('set', moved, sealed)
  t.strictSame([await shelf.has('moved'), await shelf.take('moved')], [false, undefined], 'under another name it is worth nothing')
  await redis.ask('set', key, `${sealed.slice(0, 20)}A${sealed.slice(21)}B`)
  t.strictSame([await shelf.has('name of a form'), await shelf.take('name of a form')], [false, undefined], 'nor changed')
})

test('a bounded shelf of a Redis holds no more than one process may put there', { skip: missingPart('redis-server') }, async (t) => {
  const redis = await startRedis(t)
  const shelf = createBoundedShelf((await start(t, redis)).shelf('x', limits), limits)
  for (const name of ['1', '2', '3', '4']) await shelf.put(name, 'x', 60_000)
  await until(async () => await redis.ask('dbsize') === '3')
  t.strictSame([await shelf.has('1'), await shelf.take('4')], [false, 'x'])
})
