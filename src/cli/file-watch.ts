import { watch } from 'node:fs'
import { basename, resolve } from 'node:path'
import { changedFiles, type FilesRead, readAgain } from './files-read.ts'
import { watchedPlaces } from './watched-places.ts'

export interface FileWatch {
  /** Watches these instead of others, and tells too if they have changed since they were read. */
  follow (files: FilesRead): void
  close (): void
}

export interface FileWatchParts {
  /** Where relative paths begin. */
  readonly cwd: string
  /** The files hold something else, and have held it for a moment. */
  readonly onChange: () => void
  /** The system does not tell of changes there. */
  readonly onUnwatched: (folder: string, error: unknown) => void
}

/** Whoever writes a file writes it in several steps: it is read when two looks, so far apart, have found the same. */
const settleMilliseconds = 200

/** Folders are watched, not files: most programs, and Kubernetes, put a new file in the place of the old one. */
export function watchFiles ({ cwd, onChange, onUnwatched }: FileWatchParts): FileWatch {
  let files: FilesRead | undefined
  let watchers: Array<{ close (): void }> = []
  let timer: NodeJS.Timeout | undefined
  /** As they were at the last look, where that was not as they were read. */
  let unsettled: FilesRead | undefined

  function close (): void {
    for (const watcher of watchers.splice(0)) watcher.close()
    clearTimeout(timer)
    timer = undefined
  }

  function lookSoon (): void {
    timer ??= setTimeout(look, settleMilliseconds).unref()
  }

  function look (): void {
    timer = undefined
    if (files === undefined) return
    // A link may lead elsewhere now, and a folder may be another one of the same name.
    watchAll(files)
    const now = readAgain(files, cwd)
    const isChanged = changedFiles(files, now).length > 0
    const isSettled = unsettled !== undefined && changedFiles(unsettled, now).length === 0
    unsettled = isChanged ? now : undefined
    if (!isChanged) return
    if (isSettled) onChange()
    else lookSoon()
  }

  function watchAll ({ seen }: FilesRead): void {
    for (const watcher of watchers.splice(0)) watcher.close()
    watchers = [...watchedPlaces([...seen.keys()].map((path) => resolve(cwd, path)))].flatMap(([folder, names]) => watchFolder(folder, names))
  }

  function watchFolder (folder: string, names: ReadonlySet<string>): Array<{ close (): void }> {
    try {
      // Under its own name the folder tells that it is gone itself; there may be another one in its place.
      const watcher = watch(folder, { persistent: false }, (_event, name) => { if (name === null || names.has(name) || name === basename(folder)) lookSoon() })
      return [watcher.on('error', (error) => { onUnwatched(folder, error) })]
    } catch (error) {
      // One of the places where a configuration could be, and is not.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onUnwatched(folder, error)
      return []
    }
  }

  return {
    follow (next) {
      close()
      files = next
      unsettled = undefined
      look()
    },
    close () {
      files = undefined
      close()
    }
  }
}
