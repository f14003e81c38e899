import { SessionError } from "../../contract/errors.ts"
import { cookieValues } from "../cookie-header.ts"

/** RFC 6265bis: name and value of one cookie together. */
const COOKIE_LENGTH = 4_096
/** Less than browsers keep, so that two of them fit the header line of 8 KiB that proxies take. */
const CHUNK_LENGTH = 3_800
/** Above that, Node's own limit of 16 KiB for all headers is near: a client that exceeds it cannot even be told to forget. */
const MAX_CHUNKS = 3
/** Stands between the number of chunks and the text, in the first of several. */
const MARK = "~"

/** A cookie of a set; without a value it is to be forgotten. */
export type Chunk = readonly [name: string, value: string | undefined]

/** How many cookies a session may take. Anything but 1 to 3 throws `ERR_SESSION_CONFIG`. */
export function checkedChunks(chunks = 1): number {
  if (Number.isSafeInteger(chunks) && chunks >= 1 && chunks <= MAX_CHUNKS) return chunks
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `chunks is ${JSON.stringify(chunks)}: give 1 to ${MAX_CHUNKS}, as servers refuse requests with longer headers; ` +
      "what is larger belongs into a store",
  )
}

/** How long a text may be that so many cookies of the name carry. */
export function roomIn(chunks: number, name: string): number {
  if (chunks === 1) return COOKIE_LENGTH - name.length
  return Math.max(chunks * (CHUNK_LENGTH - nameOf(name, 1).length) - 2, 0)
}

/**
 * The text over the whole set of cookies. Each answer tells of all of them, so that whichever comes last leaves no chunk of
 * another behind. One that fits a single cookie is that cookie's plain value.
 */
export function split(text: string | undefined, chunks: number, name: string): Chunk[] {
  const values = text === undefined ? [] : pieces(text, name)
  return Array.from({ length: chunks }, (_, index) => [nameOf(name, index), values[index]])
}

function pieces(text: string, name: string): string[] {
  if (text.length <= COOKIE_LENGTH - name.length) return [text]
  const length = CHUNK_LENGTH - nameOf(name, 1).length
  const count = Math.ceil((text.length + 2) / length)
  const marked = `${count}${MARK}${text}`
  return Array.from({ length: count }, (_, index) => marked.slice(index * length, (index + 1) * length))
}

/**
 * Each text that the header has for the name, put together; an empty one where a chunk is missing. Chunks that the first
 * does not count are left over from something longer, and passed over.
 */
export function joined(header: string, chunks: number, name: string): string[] {
  return cookieValues(header, name).map(first => {
    if (first.charAt(1) !== MARK) return first
    const count = Number(first.charAt(0))
    if (!(count >= 2 && count <= chunks)) return ""
    const rest = Array.from({ length: count - 1 }, (_, index) => {
      return cookieValues(header, nameOf(name, index + 1))[0]
    })
    return rest.includes(undefined) ? "" : first.slice(2) + rest.join("")
  })
}

const nameOf = (name: string, index: number): string => (index === 0 ? name : `${name}.${index}`)
