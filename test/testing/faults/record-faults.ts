import type { SessionData, SessionRecord, StoredValue } from "../../../src/contract/index.ts"
import { type Fault, lossy, spoilt } from "./fault.ts"

type Entry = readonly [string, StoredValue]

const mapped = (data: SessionData, entry: (entry: Entry) => Entry): SessionData =>
  new Map([...data].map(entry))

const texts = (text: (text: string) => string) => (record: SessionRecord) => ({
  data: mapped(record.data, ([key, value]) => [key, { ...value, text: text(value.text) }]),
})

const keys = (key: (key: string) => string) => (record: SessionRecord) => ({
  data: mapped(record.data, ([name, value]) => [key(name), value]),
})

const latin1 = (text: string): string => Buffer.from(text, "latin1").toString("latin1")

/** What a record may lose on its way to the store and back. */
export const recordFaults: readonly Fault[] = [
  lossy(
    "cuts long texts",
    texts(text => text.slice(0, 65_535)),
  ),
  lossy("knows no unicode in texts", texts(latin1)),
  lossy(
    "trims texts",
    texts(text => text.trim()),
  ),
  lossy(
    "parses texts",
    texts(text => (text === "null" ? "" : text)),
  ),
  lossy("knows no unicode in keys", keys(latin1)),
  lossy(
    "ignores the case of keys",
    keys(key => key.toLowerCase()),
  ),
  lossy(
    "trims keys",
    keys(key => key.trim()),
  ),
  lossy(
    "normalises keys",
    keys(key => key.normalize()),
  ),
  spoilt("keeps data in a plain object", record => ({
    data: new Map(Object.entries(plainObject(record.data))),
  })),
  lossy("drops the empty key", record => ({ data: new Map([...record.data].filter(([key]) => key !== "")) })),
  lossy("keeps 256 keys", record => ({ data: new Map([...record.data].slice(0, 256)) })),
  lossy("drops the ends of keys", record => ({
    data: mapped(record.data, ([key, { text }]) => [key, { text }]),
  })),
  lossy("rounds the ends of keys to seconds", record => ({
    data: mapped(record.data, ([key, { text, expiresAt }]) => [
      key,
      expiresAt === undefined ? { text } : { text, expiresAt: seconds(expiresAt) },
    ]),
  })),
  lossy("drops a new record's previous secret", () => ({ previous: undefined })),
  lossy("confirms at once", ({ previous, createdAt }) => ({
    previous: previous && { ...previous, confirmedAt: previous.confirmedAt ?? createdAt },
  })),
  lossy("wraps counters at 16 bits", ({ epoch, generation }) => ({
    epoch: epoch & 0xffff,
    generation: generation & 0xffff,
  })),
  lossy("drops persistence", () => ({ persistent: false })),
  lossy("drops client facts", () => ({ client: {} })),
  lossy("fills client facts", ({ client }) => ({
    client: { address: "", userAgent: "", label: "", ...client },
  })),
  lossy("keeps seconds", ({ createdAt, expiresAt, absoluteExpiresAt }) => ({
    ...{ createdAt: seconds(createdAt), expiresAt: seconds(expiresAt) },
    absoluteExpiresAt: seconds(absoluteExpiresAt),
  })),
  lossy("takes one default for every idle timeout", () => ({ idleTimeout: 30 * 60_000 })),
]

const seconds = (time: number): number => Math.floor(time / 1000) * 1000

function plainObject(data: SessionData): Record<string, StoredValue> {
  const object: Record<string, StoredValue> = {}
  for (const [key, value] of data) object[key] = value
  return object
}
