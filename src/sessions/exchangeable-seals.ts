import { isDeepStrictEqual } from 'node:util'
import { createSeals, type Seal, type SealSettings } from './sealing.ts'

/** Seals that parts may hold on to while the secrets behind them are exchanged. */
export interface ExchangeableSeals<Purpose extends string> {
  /** Of no use before the first exchange. */
  readonly seals: Readonly<Record<Purpose, Seal>>
  /** Makes seals of these settings. Nothing changes until what this resolves to is called: it says whether anything did. */
  prepare (settings: SealSettings): Promise<() => boolean>
}

export function createExchangeableSeals<Purpose extends string> (purposes: readonly Purpose[]): ExchangeableSeals<Purpose> {
  let current: { readonly seals: Record<Purpose, Seal>, readonly settings: SealSettings } | undefined

  function sealFor (purpose: Purpose): Seal {
    const now = (): Seal => {
      if (current === undefined) throw new Error('there are no seals yet')
      return current.seals[purpose]
    }
    return {
      seal: (value) => now().seal(value),
      open: (text) => now().open(text),
      nonceOf: (text) => now().nonceOf(text)
    }
  }

  return {
    seals: Object.fromEntries(purposes.map((purpose) => [purpose, sealFor(purpose)])) as Record<Purpose, Seal>,
    async prepare (settings) {
      if (isDeepStrictEqual(settings, current?.settings)) return () => false
      const seals = await createSeals(purposes, settings)
      return () => {
        current = { seals, settings }
        return true
      }
    }
  }
}
