import { isSessionError, SessionError } from "../contract/errors.ts"
import type { ClientFacts, SessionRecord } from "../contract/record.ts"
import {
  type ImmediateStore,
  isClearable,
  isCounting,
  isImmediate,
  type SessionStore,
} from "../contract/store.ts"
import { type ManagerContext, revokeRecord } from "./context.ts"
import { typed, withDeadline } from "./deadline.ts"
import { type Duration, milliseconds } from "./duration.ts"
import type { SessionEventName, SessionEvents } from "./events.ts"
import { infoOf, type SessionInfo } from "./info.ts"
import { judge, type Opened } from "./opening.ts"
import { Operations } from "./operations.ts"
import { type ManagerOptions, managerContext } from "./options.ts"
import { Session } from "./session.ts"
import { type Exchange, SessionState } from "./state.ts"
import { Sweeper } from "./sweeper.ts"
import { formatToken, isId, parseToken, type Token } from "./token.ts"
import { userIndex } from "./user-limit.ts"

/** How a session is opened. */
export interface OpenOptions {
  readonly client?: ClientFacts
  /** `false`: this request is no use of the session (a poll, a health check), so it does not lengthen its idle life. */
  readonly touch?: boolean
  /** `true`: read nothing until `session.load()`. */
  readonly lazy?: boolean
  readonly exchange?: Exchange
  /** `true`: the token is good, but the client should be given it anew. */
  readonly reissue?: boolean
}

/** Opens, lists, counts and ends sessions. All policy is here; the store only stores. */
export class SessionManager<Data extends object = Record<string, unknown>> {
  readonly #context: ManagerContext
  readonly #operations: Operations
  readonly #sweeper: Sweeper
  readonly #immediate: ImmediateStore | undefined
  readonly #issueId: () => string
  #closing: Promise<void> | undefined

  /** Takes an open store. Options that are wrong, or contradict each other, throw `ERR_SESSION_CONFIG`. */
  constructor(store: SessionStore, options: ManagerOptions<Data> = {}) {
    const { context, sweepInterval } = managerContext(store, options)
    this.#context = context
    this.#immediate = isImmediate(store) ? store : undefined
    this.#issueId = context.secrets.id
    this.#operations = new Operations(context, (state, token) => this.#loadToken(state, token))
    this.#sweeper = new Sweeper(store, context.events, {
      interval: sweepInterval,
      timeout: context.storeTimeout,
      now: context.now,
      random: context.random,
    })
    if (options.sweepInterval !== false) this.#sweeper.start()
  }

  /**
   * The session that the token opens, or a new one that is not stored. Without a well-formed token no store is read.
   * Synchronous where the store answers from memory. A failing store rejects (`ERR_SESSION_STORE_UNAVAILABLE`,
   * `ERR_SESSION_STORE_TIMEOUT`), or, under `onStoreFailure: "anonymous"`, gives a session that cannot be stored.
   */
  open(text: string | undefined, options?: OpenOptions): Session<Data> | Promise<Session<Data>> {
    this.#assertOpen()
    const state = new SessionState(this.#context.rules, this.#issueId, options?.client, options?.exchange)
    if (options?.touch === false) state.touches = false
    if (options?.reissue) state.reissues = true
    const session = new Session<Data>(state, this.#operations)
    if (text === undefined) return session
    if (options?.lazy) {
      state.pendingToken = text
      return session
    }
    const token = parseToken(text)
    if (!token) {
      this.#refuseMalformed(state)
      return session
    }
    if (!this.#immediate) return this.#read(state, token).then(() => session)
    try {
      this.#adopt(state, token, this.#immediate.findNow(token.id))
    } catch (error) {
      this.#fallBack(state, typed("find", error))
    }
    return session
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

  /** Ends every session (ASVS 7.4.5); resolves to how many there were. */
  async revokeAll(): Promise<number> {
    const { store } = this.#context
    if (!isClearable(store)) throw unsupported("revokeAll")
    return await this.#call("revokeAll", signal => store.revokeAll(signal))
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

  /** Listens to an event; returns the function that stops listening. */
  on<Name extends SessionEventName>(name: Name, listener: (event: SessionEvents[Name]) => void): () => void {
    return this.#context.events.on(name, listener)
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

  async #loadToken(state: SessionState, text: string): Promise<void> {
    const token = parseToken(text)
    if (token) await this.#read(state, token)
    else this.#refuseMalformed(state)
  }

  /** What is no token opens nothing ever: the client is told to forget it. */
  #refuseMalformed(state: SessionState): void {
    this.#context.events.emit("refused", { reason: "malformed", id: undefined })
    if (!state.canIssue) return
    state.delivery = { kind: "clear" }
    state.exchange?.changed()
  }

  async #read(state: SessionState, token: Token): Promise<void> {
    let record: SessionRecord | undefined
    try {
      record = await this.#context.batcher.find(token.id)
    } catch (error) {
      return this.#fallBack(state, typed("find", error))
    }
    this.#adopt(state, token, record)
  }

  #adopt(state: SessionState, token: Token, record: SessionRecord | undefined): void {
    const now = this.#context.now()
    const opened = judge(this.#context, token, record, now)
    if (!opened) return
    state.adopt(opened.record)
    if (state.reissues && state.canIssue) this.#reissue(state, token, opened.record)
    if (state.touches) this.#context.toucher.note(opened.record, now, opened.confirms)
    if (opened.dueRotation) this.#scheduleRotation(state, opened)
  }

  #reissue(state: SessionState, token: Token, record: SessionRecord): void {
    const { persistent, absoluteExpiresAt } = record
    state.delivery = { kind: "issue", token: formatToken(token), persistent, expiresAt: absoluteExpiresAt }
    state.exchange?.changed()
  }

  #scheduleRotation(state: SessionState, opened: Opened): void {
    state.dueRotation = opened.dueRotation
    state.exchange?.changed()
  }

  #fallBack(state: SessionState, error: SessionError): void {
    if (this.#context.onStoreFailure === "fail" || isSessionError(error, "ERR_SESSION_CLOSED")) throw error
    this.#context.events.emit("storeError", { operation: "find", error })
    state.failure = error
  }

  async #findRecord(id: string): Promise<SessionRecord | undefined> {
    this.#assertOpen()
    return isId(id) ? await this.#context.batcher.find(id) : undefined
  }

  async #call<Answer>(operation: string, call: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
    this.#assertOpen()
    return await withDeadline(operation, this.#context.storeTimeout, call)
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
