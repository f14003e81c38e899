/** Texts that are no ids: too short, too long, hostile to paths, SQL, patterns, prototypes or encodings. */
export const MALFORMED_IDS: readonly string[] = [
  "",
  " ",
  "x",
  "A".repeat(21),
  "A".repeat(23),
  "A".repeat(100_000),
  "AAAAAAAAAAA=AAAAAAAAAA",
  "AAAAAAAAAAA+AAAAAAAAA/",
  "../../etc/passwd",
  "../../../../etc/passwd",
  "..",
  "C:\\Windows\\system32\\x",
  "\0",
  "AAAAAAAAAA\0AAAAAAAAAAA",
  "AAAAAAAAAAAAAAAAAAAAA\n",
  "%",
  "*",
  "______________________%",
  "' OR '1'='1",
  '"; DROP TABLE sessions; --',
  "{}",
  "é".repeat(22),
  "𝒜".repeat(11),
  "\u202eAAAAAAAAAAAAAAAAAAAAA",
  "\ud800".repeat(22),
  "__proto__",
  "constructor",
  "prototype",
  "toString",
  "hasOwnProperty",
  "undefined",
  "null",
]

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** Texts that a careless store could take for this id. */
export function nearMisses(id: string): readonly string[] {
  const misses = [
    `${id}\n`,
    ` ${id}`,
    `${id} `,
    `${id}=`,
    `${id}\0`,
    `${id}%`,
    `${id}.x`,
    `./${id}`,
    id.slice(0, -1),
  ]
  return [...misses, ...caseMisses(id), withOtherUnusedBits(id)]
}

const caseMisses = (id: string): readonly string[] =>
  [id.toLowerCase(), id.toUpperCase()].filter(text => text !== id)

/** The last character has four bits that 16 bytes do not use: whoever decodes leniently sees the same bytes. */
function withOtherUnusedBits(id: string): string {
  const last = ALPHABET.indexOf(id.slice(-1))
  return id.slice(0, -1) + ALPHABET.charAt(last ^ 1)
}
