/** What was done to texts, in characters. */
export interface Work {
  /** Characters that methods of strings, regular expressions and decoders were given, or gave. */
  readonly characters: number
  /** The regular expressions that were given a text at least as long as `long`. */
  readonly expressions: ReadonlySet<string>
}

type Method = (this: unknown, ...given: unknown[]) => unknown
/** What a call of a method went through. */
type Cost = (self: unknown, given: readonly unknown[], result: unknown) => number

const lengthOf = (value: unknown): number =>
  typeof value === "string" || value instanceof String ? value.length : 0
const ofAll: Cost = self => lengthOf(self)
const ofResult: Cost = (_self, _given, result) => lengthOf(result)
const ofOne: Cost = () => 1
const ofArgument: Cost = (_self, [text]) => lengthOf(text)
/** From where the search began to what it found, or to the end. */
const ofSearch: Cost = (self, [, from], found) => {
  const begin = typeof from === "number" ? from : 0
  return (typeof found === "number" && found >= 0 ? found : lengthOf(self)) - begin + 1
}

const METHODS: readonly (readonly [object, string, Cost])[] = [
  ...["charCodeAt", "codePointAt", "at", "charAt"].map(name => [String.prototype, name, ofOne] as const),
  ...["slice", "substring", "padEnd", "repeat"].map(name => [String.prototype, name, ofResult] as const),
  ...["includes", "replace", "replaceAll", "split", "match", "search", "concat"].map(
    name => [String.prototype, name, ofAll] as const,
  ),
  ...["trim", "trimStart", "trimEnd", "toLowerCase", "toUpperCase", "normalize"].map(
    name => [String.prototype, name, ofAll] as const,
  ),
  [String.prototype, "indexOf", ofSearch],
  [RegExp.prototype, "exec", ofArgument],
  [JSON, "parse", ofArgument],
  [Buffer, "from", ofArgument],
]

/**
 * Runs `act` and tells what it did to texts, as a number that is the same on every machine. What is inside of one call counts
 * as its text's length, so regular expressions that meet long texts are told as well.
 */
export async function workOf(act: () => unknown, long: number): Promise<Work> {
  let characters = 0
  const expressions = new Set<string>()
  const originals = METHODS.map(([owner, name]) => Reflect.get(owner, name) as Method)
  for (const [index, [owner, name, cost]] of METHODS.entries()) {
    const original = originals[index]
    if (!original) continue
    Reflect.set(owner, name, function (this: unknown, ...given: unknown[]) {
      const result = Reflect.apply(original, this, given)
      characters += cost(this, given, result)
      if (name === "exec" && lengthOf(given[0]) >= long) expressions.add(String(this))
      return result
    })
  }
  try {
    await act()
  } finally {
    for (const [index, [owner, name]] of METHODS.entries()) Reflect.set(owner, name, originals[index])
  }
  return { characters, expressions }
}
