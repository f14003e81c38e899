import type { Change, Outcome, SessionRecord, SessionStore } from "../../src/contract/index.ts"
import { type Disk, ReferenceStore } from "../testing/reference-store.ts"

type Hook = () => Promise<void>
const atOnce: Hook = async () => {}

/** A store that answers by promises only, tells its calls, and is as slow or as broken as a test wants it. */
export class SpyStore implements SessionStore {
  /** `find`, or the kinds of the changes of one call, in order. */
  readonly calls: string[] = []
  beforeFind: Hook = atOnce
  beforeApply: Hook = atOnce
  readonly #disk: Disk = new Map()
  readonly #store: ReferenceStore

  constructor(now: () => number = Date.now) {
    this.#store = new ReferenceStore(now, this.#disk)
  }

  async find(ids: readonly string[]): Promise<(SessionRecord | undefined)[]> {
    this.calls.push("find")
    await this.beforeFind()
    return await this.#store.find(ids)
  }

  async apply(changes: readonly Change[]): Promise<Outcome[]> {
    this.calls.push(...changes.map(change => change.kind))
    await this.beforeApply()
    return await this.#store.apply(changes)
  }

  async sweep(now: number, limit: number): Promise<readonly string[]> {
    return await this.#store.sweep(now, limit)
  }

  async close(): Promise<void> {
    await this.#store.close()
  }

  get records(): SessionRecord[] {
    return [...this.#disk.values()]
  }

  /** What is stored under a key of the only session. */
  stored(key: string): unknown {
    const value = this.records[0]?.data.get(key)
    return value && JSON.parse(value.text)
  }
}

/** A hook that waits until it is let go; `reached` resolves once a call waits there. */
export class Barrier {
  readonly reached: Promise<void>
  readonly open: () => void
  readonly hook: Hook

  constructor() {
    const reached = signal()
    const opened = signal()
    this.reached = reached.given
    this.open = opened.give
    this.hook = () => {
      reached.give()
      return opened.given
    }
  }
}

function signal(): { given: Promise<void>; give: () => void } {
  let give = () => {}
  const given = new Promise<void>(resolve => {
    give = resolve
  })
  return { given, give }
}

export const broken: Hook = async () => {
  throw new Error("the disk is on fire")
}

/** Never answers. */
export const hanging: Hook = () => new Promise(() => {})
