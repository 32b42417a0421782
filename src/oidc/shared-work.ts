/** Does work once for all who ask for the same at the same time. Nothing is kept once it is done. */
export function createSharedWork<Result> (): (key: string, work: () => Promise<Result>) => Promise<Result> {
  const underWay = new Map<string, Promise<Result>>()
  return (key, work) => {
    const shared = underWay.get(key) ?? work().finally(() => { underWay.delete(key) })
    underWay.set(key, shared)
    return shared
  }
}
