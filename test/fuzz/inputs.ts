import fc from "fast-check"

/** A text, and how it came about. */
export interface Input {
  readonly kind: InputKind
  readonly text: string
}

export type InputKind =
  | "valid"
  | "flipped"
  | "letter changed"
  | "cut"
  | "inserted"
  | "parts swapped"
  | "repeated"
  | "of another use"
  | "bytes"
  | "text"
  | "pieces"

/** What the inputs for a target are made from. */
export interface Seeds {
  /** Texts that are good. */
  readonly valid: readonly string[]
  /** Texts that are good elsewhere: under another key, another name, for another purpose. */
  readonly foreign?: readonly string[]
  /** Fragments that mean something to the target. */
  readonly pieces: readonly string[]
}

/** Characters that are treated unlike others somewhere: controls, separators, other forms of ASCII, surrogates without their half. */
export const ODDITIES = [
  "\0",
  "\t",
  "\r\n",
  "\x7f",
  "\x85",
  "\xa0",
  "\u2028",
  "\u202e",
  "\ufeff",
  "\ufffd",
  "\ud800",
  "\udc00",
  "é",
  "e\u0301",
  "İ",
  "ß",
  "😀",
  "．",
  "／",
  "＼",
  "：",
  "%00",
  "%2e",
  "%2f",
  "%5c",
  "%",
  "\\",
  "__proto__",
  "constructor",
  '"',
  " ",
  ",",
  ";",
  "=",
  ".",
  "..",
  "|",
  "+",
  "/",
  "-",
  "_",
]
const SEPARATORS = /([.;,|=&?/: ])/

/** Inputs of all kinds, about equally often. */
export function inputsFrom({ valid, foreign = [], pieces }: Seeds): fc.Arbitrary<Input> {
  const good = fc.constantFrom(...valid)
  const seeds = foreign.length > 0 ? fc.oneof(good, fc.constantFrom(...foreign)) : good
  const odd = fc.constantFrom(...ODDITIES, ...pieces)
  const at = fc.nat({ max: 0xffff })
  const made = (kind: InputKind, text: fc.Arbitrary<string>): fc.Arbitrary<Input> =>
    text.map(each => ({ kind, text: each }))
  const bytes = fc
    .uint8Array({ maxLength: 160 })
    .map(array => Buffer.from(array.buffer, array.byteOffset, array.length).toString("latin1"))
  const others = foreign.length > 0 ? [made("of another use", fc.constantFrom(...foreign))] : []
  return fc.oneof(
    made("valid", good),
    made("flipped", fc.tuple(seeds, at, at).map(flipped)),
    made("letter changed", fc.tuple(good, at, at).map(relettered)),
    made("cut", fc.tuple(seeds, at, at).map(cut)),
    made("inserted", fc.tuple(seeds, at, odd).map(inserted)),
    made("parts swapped", fc.tuple(seeds, seeds, at, at).map(swapped)),
    made(
      "repeated",
      fc.tuple(seeds, odd, seeds).map(parts => parts.join("")),
    ),
    ...others,
    made("bytes", bytes),
    made("text", fc.string({ unit: "binary", maxLength: 120 })),
    made(
      "pieces",
      fc.array(fc.oneof(odd, seeds), { maxLength: 12 }).map(parts => parts.join("")),
    ),
  )
}

/** One bit of one character is another. */
function flipped([text, at, bit]: [string, number, number]): string {
  const index = at % Math.max(text.length, 1)
  const code = text.charCodeAt(index) ^ (1 << (bit % 8))
  return text.slice(0, index) + String.fromCharCode(code) + text.slice(index + 1)
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** Another letter of base64url, as often as not at the end. */
function relettered([text, at, letter]: [string, number, number]): string {
  const near = letter % 2 === 0 ? text.length : Math.min(text.length, 6)
  const index = Math.max(text.length - 1 - (at % Math.max(near, 1)), 0)
  return text.slice(0, index) + LETTERS.charAt((letter >> 1) % LETTERS.length) + text.slice(index + 1)
}

function cut([text, from, length]: [string, number, number]): string {
  const start = from % (text.length + 1)
  return text.slice(0, start) + text.slice(start + 1 + (length % (text.length + 1)))
}

function inserted([text, at, piece]: [string, number, string]): string {
  const index = at % (text.length + 1)
  return text.slice(0, index) + piece + text.slice(index)
}

/** A part of one text stands where another one has its own. */
function swapped([text, other, at, from]: [string, string, number, number]): string {
  const parts = text.split(SEPARATORS)
  const given = other.split(SEPARATORS)
  parts[at % parts.length] = given[from % given.length] ?? ""
  return parts.join("")
}
