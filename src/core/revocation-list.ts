import { hash } from "node:crypto"
import type { Create, Patch } from "../contract/change.ts"
import { SessionError } from "../contract/errors.ts"
import type { SessionData, SessionRecord } from "../contract/record.ts"
import { type ImmediateStore, isImmediate, type SessionStore } from "../contract/store.ts"
import { Batcher } from "./batcher.ts"
import type { ManagerContext } from "./context.ts"
import { typed } from "./deadline.ts"
import { Lane } from "./lane.ts"
import { lifetimeFrom } from "./lifetimes.ts"
import { cutAfter, isCut, type LoginCut, NO_CUT, readCut, writeCut } from "./login-cut.ts"
import { hashSecret } from "./secret.ts"

type Found = readonly (SessionRecord | undefined)[]

/**
 * By how much the clocks of nodes may differ: a cut is made so much later, and logins after it begin later still; and what the list
 * has is kept so much longer.
 */
const CLOCK_DIFFERENCE = 60_000
const CUT = "cut"

/**
 * What has ended of sessions that only their clients have: a record for each ended session, and one for each user whose sessions
 * were ended, under a hash of the user's id. Any store keeps it. A record expires once nothing that it ends can be
 * alive, so the sweep forgets it.
 */
export class RevocationList {
  readonly #context: ManagerContext
  readonly #longest: number
  readonly #immediate: ImmediateStore | undefined
  readonly #finds: Lane<readonly string[], Found>
  readonly #changes: Batcher

  /** No session of the list lives longer than `longest` ms after it began. */
  constructor(store: SessionStore, context: ManagerContext, longest: number) {
    const { storeTimeout, meters, rules } = context
    const { maxQueued } = rules.limits
    this.#context = context
    this.#longest = longest
    this.#immediate = isImmediate(store) ? store : undefined
    this.#finds = new Lane({
      operation: "find",
      deadline: storeTimeout,
      maxQueued,
      meters,
      send: (groups, signal) => findGroups(store, groups, signal),
    })
    this.#changes = new Batcher(store, storeTimeout, maxQueued, meters)
  }

  /** Whether the session has been ended. Synchronous where the store answers from memory; rejects when it fails. */
  hasEnded({ id, login, createdAt }: SessionRecord): boolean | Promise<boolean> {
    const ids = login ? [id, cutId(login.userId)] : [id]
    const judge = ([ended, cut]: Found) => ended !== undefined || isCut(cutOf(cut), id, createdAt)
    return this.#immediate ? judge(findNow(this.#immediate, ids)) : this.#finds.add(ids).then(judge)
  }

  /** After which moment a login begins that none of the user's cuts ends. */
  async cutOf(userId: string): Promise<number> {
    return cutOf(await this.#find(cutId(userId))).until
  }

  /** Ends one session, which began at that moment; tells whether it had not been ended yet. */
  async end(id: string, began: number): Promise<boolean> {
    const left = began + this.#longest + CLOCK_DIFFERENCE - this.#context.now()
    if (left <= 0) return false
    return (await this.#changes.apply(this.#creation(id, left, new Map()))).kind === "applied"
  }

  /** Ends all sessions of the user that began before now, but for one id if given. */
  async endUser(userId: string, except?: string): Promise<void> {
    const id = cutId(userId)
    const { maxRetries } = this.#context.rules.limits
    for (let attempt = 0; attempt <= maxRetries; attempt++) {
      const stored = await this.#find(id)
      const now = this.#context.now()
      const cut = cutAfter(cutOf(stored), now + CLOCK_DIFFERENCE, except)
      const data: SessionData = new Map([[CUT, { text: writeCut(cut) }]])
      const left = cut.until - now + this.#longest + CLOCK_DIFFERENCE
      const change = stored ? this.#patch(stored, left, data) : this.#creation(id, left, data)
      if ((await this.#changes.apply(change)).kind === "applied") return
    }
    throw new SessionError(
      "ERR_SESSION_CONFLICT",
      `the user's sessions could not be ended: others ended them at the same time ${maxRetries + 1} times; try again`,
    )
  }

  async drained(): Promise<void> {
    await Promise.all([this.#finds.drained(), this.#changes.drained()])
  }

  async #find(id: string): Promise<SessionRecord | undefined> {
    return (await this.#finds.add([id]))[0]
  }

  /** It opens nothing in a store that has sessions as well, as nobody has its secret. */
  #creation(id: string, left: number, data: SessionData): Create {
    const now = this.#context.now()
    const record: SessionRecord = {
      id,
      secretHash: hashSecret(this.#context.secrets.secret()),
      previous: undefined,
      epoch: 1,
      version: 1,
      generation: 1,
      createdAt: now,
      rotatedAt: now,
      lastSeenAt: now,
      ...lifetimeOf(now, left),
      login: undefined,
      client: {},
      data,
    }
    return { kind: "create", record }
  }

  #patch({ id, epoch, version }: SessionRecord, left: number, set: SessionData): Patch {
    const lifetime = lifetimeOf(this.#context.now(), left)
    return { kind: "patch", id, epoch, ifVersion: version, lifetime, set, unset: [] }
  }
}

const lifetimeOf = (now: number, left: number) =>
  lifetimeFrom(now, { absoluteTimeout: left, idleTimeout: left, persistent: false })

/** As long as a session's id, so that every store takes it; nobody can choose a user's id that collides with one. */
const cutId = (userId: string): string =>
  hash("sha256", `sojourn/sealed-user/${userId}`, "buffer").toString("base64url", 0, 16)

const cutOf = (record: SessionRecord | undefined): LoginCut =>
  record ? readCut(record.data.get(CUT)?.text) : NO_CUT

function findNow(store: ImmediateStore, ids: readonly string[]): Found {
  try {
    return ids.map(id => store.findNow(id))
  } catch (error) {
    throw typed("find", error)
  }
}

/** The ids of all groups in one call; as many answers as ids, or the store is faulty and nothing may be opened. */
async function findGroups(
  store: SessionStore,
  groups: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<Found[]> {
  const ids = groups.flat()
  const records = await store.find(ids, signal)
  if (records.length !== ids.length) return []
  let from = 0
  return groups.map(({ length }) => {
    from += length
    return records.slice(from - length, from)
  })
}
