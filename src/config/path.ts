/** Where a value stands in the configuration: keys of maps and indexes of lists, from the top. */
export type Path = readonly (string | number)[]

/** A map as YAML or JSON gives it. */
export type Tree = Record<string, unknown>

/** The path as people write it: `access.rules[0].path`, `headers.set["X Y"]`. */
export function pathText (path: Path): string {
  return path.map(keyText).join('').replace(/^\./, '')
}

/** The path that `pathText` writes so. */
export function pathFrom (text: string): Path {
  return (text.match(/\["(?:[^"\\]|\\.)*"\]|\[\d+\]|[^.[\]]+/g) ?? []).map(keyFrom)
}

/** What stands in brackets is written as JSON has it: `[0]`, `["X Y"]`. */
function keyFrom (text: string): string | number {
  if (!text.startsWith('[')) return text
  const [key] = JSON.parse(text) as [string | number]
  return key
}

function keyText (key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return /^[\w-]+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

export function isTree (value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The value at the path, or undefined where there is none. Sees own properties alone: a key may be called anything. */
export function valueAt (root: unknown, path: Path): unknown {
  return path.reduce(child, root)
}

function child (value: unknown, key: string | number): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return Reflect.get(value, key)
}

/** Puts a value in place and makes the maps above it. Does nothing where something else is in the way. */
export function putAt (root: unknown, path: Path, value: unknown): void {
  const [key, ...rest] = path
  if (key === undefined || typeof root !== 'object' || root === null) return
  if (rest.length > 0 && (child(root, key) ?? null) === null) Reflect.set(root, key, {})
  if (rest.length > 0) putAt(child(root, key), rest, value)
  else Reflect.set(root, key, value)
}

/** Takes away what stands at the path; for an entry of a list, the list: the other entries would change their index. */
export function removeAt (root: Tree, path: Path): void {
  const above = path.slice(0, -1)
  const parent = valueAt(root, above)
  const key = path.at(-1)
  if (Array.isArray(parent)) removeAt(root, above)
  else if (isTree(parent) && key !== undefined) Reflect.deleteProperty(parent, key)
}
