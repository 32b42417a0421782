/** What has to be ended, in the reverse of the order in which it was begun. */
export interface Endings {
  /** To be called right after something has begun. @returns what was given */
  add<Part extends { close (): void | Promise<void> }> (part: Part): Part
  /** Ends everything, once. */
  run (): Promise<void>
}

/** What is built may fail half way: then what has begun is ended. */
export async function withEndings<Built> (build: (endings: Endings) => Promise<Built>): Promise<Built> {
  const endings = createEndings()
  try {
    return await build(endings)
  } catch (error) {
    await endings.run()
    throw error
  }
}

function createEndings (): Endings {
  const parts: Array<{ close (): void | Promise<void> }> = []
  return {
    add (part) {
      parts.push(part)
      return part
    },
    async run () {
      for (const part of parts.splice(0).toReversed()) await part.close()
    }
  }
}
