import { type FastifyInstance, type FastifyRequest, type onRequestHookHandler, type onResponseHookHandler, type RouteOptions } from 'fastify'
import { isOwnTarget } from '../own-routes.ts'
import { type ClientRates, type RatedWork } from './client-rates.ts'
import { type Load } from './load.ts'

/** Each request is counted, or each that was refused. */
export type RouteRate = { readonly of: RatedWork, readonly counts: 'each' | 'refused' }

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How often a client may ask for the route; absent: as often as it likes. */
    rate?: RouteRate
    /**
     * Nobody is as welcome as somebody who is signed in. What ends sessions is: where it can't be had, they go on. And what
     * finds out who asks by itself.
     */
    isForNobodyToo?: true
  }
}

export interface OwnRouteLimits {
  readonly basePath: string
  readonly load: Load
  readonly rates: ClientRates
  /** Whether a session that lives comes with the request. May reject. */
  readonly isSignedIn: (request: FastifyRequest) => Promise<boolean>
}

/** Limits what is mounted after it at and below the base path. The way to the applications is as long as before. */
export function limitOwnRoutes (app: FastifyInstance, { basePath, load, rates, isSignedIn }: OwnRouteLimits): void {
  async function requireRoom (request: FastifyRequest, isForNobodyToo: boolean): Promise<void> {
    load.requireRoom('anybody')
    if (isForNobodyToo || load.hasRoomForNobody()) return
    if (!await isSignedIn(request)) load.requireRoom('nobody')
  }

  app.addHook('onRoute', (route) => {
    if (!isOwnTarget(route.url, basePath)) return
    const { rate, isForNobodyToo = false } = route.config ?? {}
    prepend(route, 'onRequest', async (request) => {
      await requireRoom(request, isForNobodyToo)
      if (rate === undefined) return
      rates.require(rate.of, request.origin.clientAddress)
      if (rate.counts === 'each') rates.count(rate.of, request.origin.clientAddress)
    })
    if (rate?.counts !== 'refused') return
    prepend(route, 'onResponse', async (request, reply) => {
      if (reply.statusCode === 400) rates.count(rate.of, request.origin.clientAddress)
    })
  })
}

type Hooks = { readonly onRequest: (request: FastifyRequest) => Promise<void>, readonly onResponse: (request: FastifyRequest, reply: { readonly statusCode: number }) => Promise<void> }

function prepend<Name extends keyof Hooks> (route: RouteOptions, name: Name, hook: Hooks[Name]): void {
  const there = [route[name] ?? []].flat() as onRequestHookHandler[] & onResponseHookHandler[]
  Object.assign(route, { [name]: [hook, ...there] })
}
