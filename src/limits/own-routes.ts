import { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
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
    const limit = async (request: FastifyRequest, { raw }: FastifyReply): Promise<void> => {
      await requireRoom(request, isForNobodyToo)
      if (rate === undefined) return
      const { clientAddress } = request.origin
      rates.take(rate.of, clientAddress)
      if (rate.counts === 'refused') raw.once('finish', () => { if (!isRefusal(raw.statusCode)) rates.giveBack(rate.of, clientAddress) })
    }
    Object.assign(route, { onRequest: [limit, ...[route.onRequest ?? []].flat()] })
  })
}

function isRefusal (status: number): boolean {
  return status >= 400 && status < 500
}
