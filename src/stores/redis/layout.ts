import { createHash } from "node:crypto"

/**
 * Where everything lies. All of one session lies in one bucket: the text in braces is what a Cluster hashes, so that a
 * bucket is in one slot, and a script changes a session and its index entries in one step.
 *
 * | name | type | holds |
 * |---|---|---|
 * | `{b}:s:<id>` | hash | a session, see fields.ts |
 * | `{b}:u:<hash of user>` | sorted set | ids of the user's sessions, by authentication time |
 * | `{b}:e:<hash of external id>` | sorted set | ids of the sessions that came from it |
 * | `{b}:x` | sorted set | ids of all sessions, by the moment of their end |
 * | `{b}:l` | sorted set | ids of sessions with a user, by the moment of their last use |
 * | `{b}:h:<key>` | text | a count of hits |
 * | `{b}:feed` | channel | notices |
 */
export class Layout {
  readonly prefix: string
  /** How many buckets there are. */
  readonly buckets: number

  constructor(prefix: string, buckets: number) {
    this.prefix = prefix
    this.buckets = buckets
  }

  /** The bucket of a session's id, or of any other key. */
  bucketOf(id: string): number {
    return this.buckets === 1 ? 0 : hashOf(id) % this.buckets
  }

  /** What every name in a bucket begins with. */
  base(bucket: number): string {
    return `${this.prefix}{${bucket}}:`
  }

  sessionKey(id: string): string {
    return `${this.base(this.bucketOf(id))}s:${encodeText(id)}`
  }

  /** One name in each of the buckets that these ids are in. */
  bucketKeys(ids: readonly string[]): readonly string[] {
    return [...new Set(ids.map(id => this.base(this.bucketOf(id))))]
  }

  channel(bucket: number): string {
    return `${this.base(bucket)}feed`
  }

  channels(): readonly string[] {
    return this.bases().map((_, bucket) => this.channel(bucket))
  }

  /** What names begin with, for each bucket. */
  bases(): readonly string[] {
    return Array.from({ length: this.buckets }, (_, bucket) => this.base(bucket))
  }
}

/** Names a user, or an external id, in a key: of one length whatever the text, and no personal data in key names. */
export const indexName = (text: string): string =>
  createHash("sha256").update(encodeText(text)).digest("base64url").slice(0, 22)

/**
 * Text as the server can hold it, in one line. A lone surrogate has no UTF-8 form, and all of them would become one and the
 * same; such text is kept as JSON behind a NUL, and so is what has a line feed or could be taken for it. All other text
 * stays as it is.
 */
export const encodeText = (text: string): string =>
  text.startsWith("\0") || text.includes("\n") || !text.isWellFormed() ? `\0${JSON.stringify(text)}` : text

export const decodeText = (text: string): string =>
  text.startsWith("\0") ? String(JSON.parse(text.slice(1))) : text

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0
  }
  // Its low bits are the weak ones.
  return (hash ^ (hash >>> 15)) >>> 0
}
