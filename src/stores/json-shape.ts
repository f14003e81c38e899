/** A value that came in as JSON is not what it should be. */
export class ShapeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = "ShapeError"
  }
}

/** An object with no other keys than these; what they hold is yet to be read. */
export type ReadObject<Name extends string> = { readonly [Key in Name]?: unknown }

export function readObject<Name extends string>(value: unknown, names: readonly Name[]): ReadObject<Name> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new ShapeError("no object")
  const known: readonly string[] = names
  for (const name of Object.keys(value)) {
    if (!known.includes(name)) throw new ShapeError(`unknown field "${name}"`)
  }
  return value as ReadObject<Name>
}

export function readText(value: unknown): string {
  if (typeof value !== "string") throw new ShapeError("no text")
  return value
}

/** A finite number: what JSON can carry. */
export function readNumber(value: unknown): number {
  if (typeof value !== "number" || !Number.isFinite(value)) throw new ShapeError("no finite number")
  return value
}

export function readBoolean(value: unknown): boolean {
  if (typeof value !== "boolean") throw new ShapeError("neither true nor false")
  return value
}

export function readList<Item>(value: unknown, readItem: (item: unknown) => Item): Item[] {
  if (!Array.isArray(value)) throw new ShapeError("no list")
  return value.map(item => readItem(item))
}

export const readOptional = <Value>(value: unknown, read: (value: unknown) => Value): Value | undefined =>
  value === undefined ? undefined : read(value)
