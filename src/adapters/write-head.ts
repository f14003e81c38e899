/** What `writeHead` was called with: the status line, and the headers to set before it. */
export interface Head {
  readonly line: unknown[]
  readonly headers: Iterable<[string, HeaderValue]>
}

type HeaderValue = number | string | readonly string[]

/** Takes `writeHead`'s arguments apart: status, perhaps a reason, perhaps headers in one of three shapes. */
export function headOf([status, ...rest]: unknown[]): Head {
  const line = typeof rest[0] === "string" ? [status, rest[0]] : [status]
  const headers = rest.findLast(argument => typeof argument === "object" && argument !== null)
  return { line, headers: headers === undefined ? [] : headerEntries(headers) }
}

/** An object, a list of pairs, or a flat list of names and values in turn. In lists names may repeat. */
function headerEntries(headers: object): Iterable<[string, HeaderValue]> {
  if (!Array.isArray(headers)) return Object.entries(headers).filter(([, value]) => value !== undefined)
  const pairs: [unknown, unknown][] = Array.isArray(headers[0]) ? headers : pairsOf(headers)
  const merged = new Map<string, [string, HeaderValue]>()
  for (const [name, value] of pairs) {
    const key = String(name).toLowerCase()
    const before = merged.get(key)
    merged.set(
      key,
      before ? [before[0], [...texts(before[1]), ...texts(value)]] : [String(name), single(value)],
    )
  }
  return merged.values()
}

const pairsOf = (flat: readonly unknown[]): [unknown, unknown][] =>
  Array.from({ length: Math.floor(flat.length / 2) }, (_, pair) => [flat[2 * pair], flat[2 * pair + 1]])

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [String(value)])
const single = (value: unknown): HeaderValue => (Array.isArray(value) ? texts(value) : String(value))
