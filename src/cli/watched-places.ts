import { lstatSync, readlinkSync } from 'node:fs'
import { join, parse, resolve, sep } from 'node:path'

/** Folder → names in it: where something has to change before a file holds something else. */
export type WatchedPlaces = ReadonlyMap<string, ReadonlySet<string>>

/** What Linux follows at most. */
const mostLinks = 40

/**
 * The file itself, and every symbolic link on the way to it. Kubernetes mounts a ConfigMap or a Secret as links through a
 * link `..data` to a folder, and changes nothing but where that one leads.
 *
 * @param paths absolute
 */
export function watchedPlaces (paths: Iterable<string>): WatchedPlaces {
  const places = new Map<string, Set<string>>()
  for (const path of paths) {
    for (const [folder, name] of placesOf(path)) places.set(folder, (places.get(folder) ?? new Set()).add(name))
  }
  return places
}

function placesOf (path: string): Array<readonly [folder: string, name: string]> {
  const places: Array<readonly [string, string]> = []
  let links = 0
  let folder = parse(path).root
  let rest = namesIn(path)
  while (rest.length > 0) {
    const [name = '', ...further] = rest
    const target = linkTarget(join(folder, name))
    if (target !== undefined && links++ < mostLinks) {
      places.push([folder, name])
      const linked = resolve(folder, target)
      folder = parse(linked).root
      rest = [...namesIn(linked), ...further]
    } else {
      if (further.length === 0) places.push([folder, name])
      folder = join(folder, name)
      rest = further
    }
  }
  return places
}

function namesIn (path: string): string[] {
  return path.slice(parse(path).root.length).split(sep).filter((name) => name !== '')
}

function linkTarget (path: string): string | undefined {
  try {
    return lstatSync(path).isSymbolicLink() ? readlinkSync(path) : undefined
  } catch {
    return undefined
  }
}
