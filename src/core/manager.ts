import { SessionError } from "../contract/errors.ts"
import type { SessionRecord } from "../contract/record.ts"
import {
  isClearable,
  isCounting,
  isExternallyIndexed,
  isMeasured,
  type SessionStore,
} from "../contract/store.ts"
import { checkText } from "./authentication.ts"
import { type ManagerContext, revokeRecord } from "./context.ts"
import { withDeadline } from "./deadline.ts"
import { type Duration, milliseconds } from "./duration.ts"
import type { SessionEventName, SessionEvents } from "./events.ts"
import { type HitCounter, hitCounter } from "./hits.ts"
import { infoOf, type SessionInfo } from "./info.ts"
import type { SessionMetrics } from "./metrics.ts"
import { Opener } from "./opener.ts"
import { Operations } from "./operations.ts"
import { type ManagerOptions, managerContext } from "./options.ts"
import { type ManagerPolicy, managerPolicy } from "./policy.ts"
import { Session } from "./session.ts"
import { type Opening, SessionState } from "./state.ts"
import { Sweeper } from "./sweeper.ts"
import { isId } from "./token.ts"
import { userIndex } from "./user-limit.ts"

/** How a session is opened. */
export interface OpenOptions extends Opening {
  /** `true`: read nothing until `session.load()`. */
  readonly lazy?: boolean
  /** The version of the session that the client has seen: no older one is served (G5). */
  readonly version?: number
}

/** Opens, lists, counts and ends sessions. All policy is here; the store only stores. */
export class SessionManager<Data extends object = Record<string, unknown>> {
  readonly #context: ManagerContext
  readonly #operations: Operations
  readonly #sweeper: Sweeper
  readonly #opener: Opener
  readonly #issueId: () => string
  #hits: HitCounter | undefined
  #closing: Promise<void> | undefined

  /** Takes an open store. Options that are wrong, or contradict each other, throw `ERR_SESSION_CONFIG`. */
  constructor(store: SessionStore, options: ManagerOptions<Data> = {}) {
    const { context, sweepInterval } = managerContext(store, options)
    this.#context = context
    this.#opener = new Opener(context)
    this.#issueId = context.secrets.id
    this.#operations = new Operations(context, async (state, token) => this.#opener.open(state, token))
    this.#sweeper = new Sweeper(store, context.events, {
      interval: sweepInterval,
      timeout: context.storeTimeout,
      now: context.now,
      random: context.random,
    })
    if (options.sweepInterval !== false) this.#sweeper.start()
  }

  /**
   * The session that the token opens, or a new one that is not stored. Without a well-formed token no server is asked.
   * Synchronous where the store answers from memory. A failing store rejects (`ERR_SESSION_STORE_UNAVAILABLE`,
   * `ERR_SESSION_STORE_TIMEOUT`), or, under `onStoreFailure: "anonymous"`, gives a session that cannot be stored.
   */
  open(text: string | undefined, options?: OpenOptions): Session<Data> | Promise<Session<Data>> {
    this.#assertOpen()
    const state = new SessionState(this.#context.rules, this.#issueId, options)
    if (this.#opener.carriesVersion) state.toldVersion = options?.version ?? 0
    const session = new Session<Data>(state, this.#operations)
    if (text === undefined) return session
    if (options?.lazy) {
      state.pendingToken = text
      return session
    }
    const reading = this.#opener.open(state, text)
    return reading ? reading.then(() => session) : session
  }

  /** What may be shown of one live session, read from the store. */
  async find(id: string): Promise<SessionInfo | undefined> {
    const record = await this.#findRecord(id)
    return record && infoOf(record)
  }

  /** The user's live sessions, oldest authentication first: a list of devices. */
  async list(userId: string): Promise<SessionInfo[]> {
    const index = userIndex(this.#context.store)
    const records = await this.#call("findByUser", signal => index.findByUser(userId, signal))
    return records.map(infoOf)
  }

  /** How many live sessions the user has. */
  async countOf(userId: string): Promise<number> {
    const index = userIndex(this.#context.store)
    return await this.#call("countByUser", signal => index.countByUser(userId, signal))
  }

  /**
   * Ends one session by its id; tells whether it was live. With `userId` only if it is that user's, which an id that a user
   * has sent calls for.
   */
  async revoke(id: string, options?: { readonly userId: string }): Promise<boolean> {
    const record = await this.#findRecord(id)
    if (!record || (options && record.login?.userId !== options.userId)) return false
    return await revokeRecord(this.#context, record, "revoked")
  }

  /** Ends all sessions of a user, but for one id if given (ASVS 7.4.2, 7.4.3); resolves to the ids. */
  async revokeUser(userId: string, options?: { readonly except?: string }): Promise<readonly string[]> {
    const index = userIndex(this.#context.store)
    const ids = await this.#call("revokeByUser", signal =>
      index.revokeByUser(userId, options?.except, signal),
    )
    for (const id of ids) this.#context.events.emit("revoked", { id, userId, reason: "revoked" })
    return ids
  }

  /**
   * Ends the sessions that came from this session of an identity provider, see {@link externalIdOf} and
   * `LoginOptions.externalId`; resolves to the ids.
   */
  async revokeExternal(externalId: string): Promise<readonly string[]> {
    const { store } = this.#context
    if (!isExternallyIndexed(store)) throw unsupported("revokeExternal")
    checkText("the externalId of revokeExternal", externalId)
    const ids = await this.#call("revokeByExternalId", signal => store.revokeByExternalId(externalId, signal))
    for (const id of ids) this.#context.events.emit("revoked", { id, userId: undefined, reason: "revoked" })
    return ids
  }

  /** Ends every session (ASVS 7.4.5); resolves to how many there were. */
  async revokeAll(): Promise<number> {
    const { store } = this.#context
    if (!isClearable(store)) throw unsupported("revokeAll")
    const count = await this.#call("revokeAll", signal => store.revokeAll(signal))
    this.#context.events.emit("revokedAll", { count })
    return count
  }

  /** How many sessions are live, anonymous ones included. */
  async countLive(): Promise<number> {
    const { store } = this.#context
    if (!isCounting(store)) throw unsupported("countLive")
    return await this.#call("countLive", signal => store.countLive(signal))
  }

  /** How many different users used a session within the last time span. Gathered last-seen times are stored first. */
  async countOnline(options: { readonly within: Duration }): Promise<number> {
    const { store } = this.#context
    if (!isCounting(store)) throw unsupported("countOnline")
    const since = this.#context.now() - milliseconds(options.within, "within", "ERR_SESSION_INVALID_ARGUMENT")
    await this.#context.toucher.flush()
    return await this.#call("countUsersSeen", signal => store.countUsersSeen(since, signal))
  }

  /** What counts uses in the store, for `rateLimit`. A store that cannot count: `ERR_SESSION_UNSUPPORTED`. */
  hitCounter(): HitCounter {
    this.#hits ??= hitCounter(this.#context)
    return this.#hits
  }

  /** What was done since the start: calls of the store with their latencies, and the near cache's counts. */
  metrics(): SessionMetrics {
    const { meters, store } = this.#context
    return { store: meters.read(), counters: isMeasured(store) ? store.counters() : {} }
  }

  /** Listens to an event; returns the function that stops listening. */
  on<Name extends SessionEventName>(name: Name, listener: (event: SessionEvents[Name]) => void): () => void {
    return this.#context.events.on(name, listener)
  }

  /** What is in force of the options. */
  protected managerPolicy(): ManagerPolicy {
    return managerPolicy(this.#context)
  }

  /** Tells listeners of what a layer above has seen. */
  protected report<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
    this.#context.events.emit(name, event)
  }

  /** Removes all expired sessions from the store now; resolves to their number. */
  async sweep(): Promise<number> {
    this.#assertOpen()
    return await this.#sweeper.sweep()
  }

  /** Sweeps now and then, as it does from the start unless `sweepInterval` is `false` (then every 5 min). */
  startSweeping(): void {
    this.#assertOpen()
    this.#sweeper.start()
  }

  async stopSweeping(): Promise<void> {
    await this.#sweeper.stop()
  }

  /** Stores what was gathered, waits for what is under way, and closes the store. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    const { batcher, store, storeTimeout, toucher } = this.#context
    await this.#sweeper.stop()
    // What is being opened is noted as a use, so it has to arrive before the last flush.
    await batcher.drained()
    await toucher.close()
    await batcher.drained()
    await withDeadline("close", storeTimeout, () => store.close())
  }

  async #findRecord(id: string): Promise<SessionRecord | undefined> {
    this.#assertOpen()
    return isId(id) ? await this.#context.batcher.find(id) : undefined
  }

  async #call<Answer>(operation: string, call: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    this.#assertOpen()
    const { meters, storeTimeout } = this.#context
    return await meters.measure(operation, 1, () => withDeadline(operation, storeTimeout, call))
  }

  #assertOpen(): void {
    if (this.#closing)
      throw new SessionError(
        "ERR_SESSION_CLOSED",
        "this session manager has been closed: open sessions before that",
      )
  }
}

const unsupported = (call: string): SessionError =>
  new SessionError("ERR_SESSION_UNSUPPORTED", `this store cannot do ${call}: use one with that capability`)
