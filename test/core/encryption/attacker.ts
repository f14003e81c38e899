import { createDecipheriv, createHash, hkdfSync } from "node:crypto"
import type { ImmediateStore, SessionRecord, StoredValue } from "../../../src/contract/index.ts"

/** What somebody does who has the store, and knows how sojourn encrypts: written from the guide, not with its code. */

const WRAP = "~key."

export const sha256 = (text: string): string => createHash("sha256").update(text).digest("base64url")

/** The names of the entries that hold wrapped data keys. */
export const wrapsOf = ({ data }: SessionRecord): string[] => [...data.keys()].filter(isWrap)

export const wrapNameOf = (token: string): string => WRAP + sha256(token.slice(23)).slice(0, 16)

/** The values alone, as the store has them. */
export const valuesOf = ({ data }: SessionRecord): [name: string, value: StoredValue][] =>
  [...data].filter(([name]) => !isWrap(name))

const isWrap = (name: string): boolean => name.startsWith(WRAP)

/** All data keys that this secret unwraps, by number. */
export function unwrap(record: SessionRecord, secret: Uint8Array): Map<number, Buffer> {
  const wrapping = Buffer.from(hkdfSync("sha256", secret, record.id, "sojourn/at-rest", 32))
  const keys = new Map<number, Buffer>()
  for (const name of wrapsOf(record)) {
    const packed = open(wrapping, record.data.get(name)?.text ?? "", "sojourn/at-rest")
    for (let at = 0; packed && at < packed.length; at += 36) {
      keys.set(packed.readUInt32BE(at), packed.subarray(at + 4, at + 36))
    }
  }
  return keys
}

/** The value's text, if one of the keys decrypts it. */
export function decryptValue(
  { id, data }: SessionRecord,
  name: string,
  keys: Iterable<Buffer>,
): string | undefined {
  const value = data.get(name)
  const [number, length, body = ""] = value?.text.split(".") ?? []
  const context = `${id}.${number}.${length}.${value?.expiresAt ?? ""}.${name}`
  for (const key of keys) {
    const plain = open(key, body, context)
    if (plain) return plain.toString("utf8")
  }
  return undefined
}

/** What the holder of a token reads of a record. */
export function readWith(token: string, record: SessionRecord): Map<string, string> {
  const keys = unwrap(record, Buffer.from(token.slice(23), "base64url"))
  const found = new Map<string, string>()
  for (const [name] of valuesOf(record)) {
    const text = decryptValue(record, name, keys.values())
    if (text !== undefined) found.set(name, text)
  }
  return found
}

/** AES-256-GCM over nonce, ciphertext, tag. */
function open(key: Uint8Array, text: string, context: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64url")
  if (key.length !== 32 || bytes.length < 28) return undefined
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12))
  decipher.setAAD(Buffer.from(context))
  decipher.setAuthTag(bytes.subarray(-16))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()])
  } catch {
    return undefined
  }
}

/** Writes one entry of a session's data, past the library. */
export async function plant(
  store: ImmediateStore,
  id: string,
  name: string,
  value: StoredValue | undefined,
): Promise<void> {
  const epoch = store.findNow(id)?.epoch ?? 0
  const [set, unset] = value ? [new Map([[name, value]]), []] : [new Map(), [name]]
  await store.apply([{ kind: "patch", id, epoch, set, unset }])
}

export function recordOf(store: ImmediateStore, token: string): SessionRecord {
  const record = store.findNow(token.slice(0, 22))
  if (!record) throw new Error("the session is stored")
  return record
}
