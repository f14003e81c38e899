import { SessionError, type SessionRecord } from "../../../src/contract/index.ts"
import { ReferenceStore } from "../reference-store.ts"
import type { Fault } from "./fault.ts"

type Found = (SessionRecord | undefined)[]

/** A store whose find makes something else of the right answer. */
function misfound(name: string, find: (found: Found, ids: readonly string[]) => Found): Fault {
  class Misfinding extends ReferenceStore {
    override async find(ids: readonly string[]): Promise<Found> {
      return find(await super.find(ids), ids)
    }
  }
  return { name, open: (now, disk) => new Misfinding(now, disk) }
}

/** A store that takes an id for another text. */
function misnamed(name: string, read: (id: string) => string): Fault {
  class Misnaming extends ReferenceStore {
    protected override read(id: string): SessionRecord | undefined {
      return super.read(read(id)) ?? super.read(id)
    }
  }
  return { name, open: (now, disk) => new Misnaming(now, disk) }
}

class Expired extends ReferenceStore {
  protected override isLive(): boolean {
    return true
  }
}

class LateByOne extends ReferenceStore {
  protected override isLive(record: SessionRecord): boolean {
    return this.now() <= record.expiresAt
  }
}

class ExpiredAtOnce extends ReferenceStore {
  override findNow(id: string): SessionRecord | undefined {
    this.requireOpen()
    const record = this.records.get(id)
    return record && this.copy(record)
  }
}

class Sliding extends ReferenceStore {
  protected override read(id: string): SessionRecord | undefined {
    const found = super.read(id)
    const stored = this.records.get(id)
    if (stored) this.records.set(id, { ...stored, expiresAt: this.now() + stored.idleTimeout })
    return found
  }
}

class SlidingAtOnce extends ReferenceStore {
  override findNow(id: string): SessionRecord | undefined {
    const found = super.findNow(id)
    const stored = this.records.get(id)
    if (stored) this.records.set(id, { ...stored, expiresAt: this.now() + stored.idleTimeout })
    return found
  }
}

class WallClock extends ReferenceStore {
  protected override isLive(record: SessionRecord): boolean {
    return Date.now() < record.expiresAt
  }
}

class ThrowingAtOnce extends ReferenceStore {
  override findNow(id: string): SessionRecord | undefined {
    if (id.length !== 22) throw new TypeError("no id")
    return super.findNow(id)
  }
}

class BehindAtOnce extends ReferenceStore {
  readonly #first = new Map<string, SessionRecord>()
  override findNow(id: string): SessionRecord | undefined {
    const found = super.findNow(id)
    if (!found) return undefined
    if (!this.#first.has(id)) this.#first.set(id, found)
    return this.#first.get(id)
  }
}

const isId = (id: string): boolean => /^[\w-]{22}$/.test(id)

export const readingFaults: readonly Fault[] = [
  misfound("answers in an order of its own", (found, ids) =>
    ids.toSorted().map(id => found.find(record => record?.id === id)),
  ),
  misfound("leaves out what it does not find", found => found.filter(record => record !== undefined)),
  misfound("answers an id once", (found, ids) =>
    found.filter((_, index) => ids.indexOf(ids[index] ?? "") === index),
  ),
  misfound("answers a second mention as missing", (found, ids) =>
    found.map((record, index) => (ids.indexOf(ids[index] ?? "") === index ? record : undefined)),
  ),
  misfound("answers no ids with an error", (found, ids) => {
    if (ids.length === 0) throw new SessionError("ERR_SESSION_STORE_UNAVAILABLE", "empty list")
    return found
  }),
  misfound("answers 999 ids at most", found => found.slice(0, 999)),
  misfound("answers unknown ids with the first record that it finds", found =>
    found.map(record => record ?? found.find(each => each !== undefined)),
  ),
  misfound("throws for what is no id", (found, ids) => {
    if (!ids.every(isId)) throw new TypeError("no id")
    return found
  }),
  misfound("answers null for what is no id", (found, ids) =>
    found.map((record, index) => (isId(ids[index] ?? "") ? record : JSON.parse("null"))),
  ),
  misnamed("trims ids", id => id.trim()),
  misnamed("decodes ids leniently", id => Buffer.from(id, "base64url").toString("base64url")),
  { name: "serves expired records", open: (now, disk) => new Expired(now, disk) },
  { name: "serves a record in the moment of its end", open: (now, disk) => new LateByOne(now, disk) },
  { name: "serves expired records from findNow", open: (now, disk) => new ExpiredAtOnce(now, disk) },
  { name: "extends a life by reading", open: (now, disk) => new Sliding(now, disk) },
  { name: "extends a life by findNow", open: (now, disk) => new SlidingAtOnce(now, disk) },
  { name: "goes by another clock", open: (now, disk) => new WallClock(now, disk) },
  { name: "throws from findNow for what is no id", open: (now, disk) => new ThrowingAtOnce(now, disk) },
  { name: "lags behind in findNow", open: (now, disk) => new BehindAtOnce(now, disk) },
]
