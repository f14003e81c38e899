import { isSessionError, type SessionError } from "../contract/errors.ts"
import type { SessionRecord } from "../contract/record.ts"
import { type CachingStore, type ImmediateStore, isCaching, isImmediate } from "../contract/store.ts"
import { unlocks } from "./at-rest/sealing.ts"
import { admitsClient } from "./client-signals.ts"
import type { ManagerContext } from "./context.ts"
import { typed } from "./deadline.ts"
import { judge, judgeCurrent, type Opened } from "./opening.ts"
import type { SessionState } from "./state.ts"
import { formatToken, isWellFormed, splitToken, type Token } from "./token.ts"

/** Finds the record of a token, in this node's memory or in the store, and makes a session's state of it. */
export class Opener {
  readonly #context: ManagerContext
  readonly #immediate: ImmediateStore | undefined
  readonly #cache: CachingStore | undefined

  constructor(context: ManagerContext) {
    const { store } = context
    this.#context = context
    this.#immediate = isImmediate(store) ? store : undefined
    this.#cache = isCaching(store) ? store : undefined
  }

  /** Whether clients have to name the version that they have seen, as this node may remember an older one (G5). */
  get carriesVersion(): boolean {
    return this.#cache !== undefined
  }

  /** The promise of the read, where one is needed. A token that opens nothing leaves the state as it is. */
  open(state: SessionState, text: string): Promise<void> | undefined {
    const token = splitToken(text)
    if (!token) return this.#refuseMalformed(state)
    if (this.#immediate) return this.#readNow(this.#immediate, state, token)
    if (this.#cache && this.#recall(this.#cache, state, token)) return undefined
    return isWellFormed(token) ? this.#read(state, token) : this.#refuseMalformed(state)
  }

  /** What is no token opens nothing ever: the client is told to forget it. */
  #refuseMalformed(state: SessionState): undefined {
    this.#context.events.emit("refused", { reason: "malformed", id: undefined })
    if (!state.canIssue) return
    state.delivery = { kind: "clear" }
    state.exchange?.changed()
  }

  #readNow(store: ImmediateStore, state: SessionState, token: Token): undefined {
    try {
      const record = store.findNow(token.id)
      if (record && this.#letIn(state, token, record)) return
      if (isWellFormed(token)) this.#adopt(state, token, record)
      else this.#refuseMalformed(state)
    } catch (error) {
      this.#fallBack(state, typed("find", error))
    }
  }

  /** Whether this node's memory opened the session. */
  #recall(cache: CachingStore, state: SessionState, token: Token): boolean {
    const record = cache.recall(token.id, state.toldVersion ?? 0)
    if (!record || !this.#letIn(state, token, record)) return false
    state.recalled = true
    return true
  }

  /** Adopts a record if it has the secret of the token, which then needs no closer look: this secret was issued here. */
  #letIn(state: SessionState, token: Token, record: SessionRecord): boolean {
    const now = this.#context.now()
    const opened = judgeCurrent(this.#context, token, record, now)
    if (!opened) return false
    this.#enter(state, token, opened, now)
    return true
  }

  async #read(state: SessionState, token: Token): Promise<void> {
    let record = await this.#answer(state, this.#fill(state, token))
    if (record && this.#cache) {
      state.recalled = this.#letIn(state, token, record)
      if (state.recalled) return
      record = await this.#answer(state, this.#context.batcher.find(token.id))
    }
    if (!state.failure) this.#adopt(state, token, record)
  }

  /** The store's answer; none, and the failure is noted, where the policy goes on without a store. */
  async #answer(
    state: SessionState,
    reading: Promise<SessionRecord | undefined>,
  ): Promise<SessionRecord | undefined> {
    try {
      return await reading
    } catch (error) {
      this.#fallBack(state, typed("find", error))
      return undefined
    }
  }

  #fill(state: SessionState, { id }: Token): Promise<SessionRecord | undefined> {
    const { batcher } = this.#context
    return this.#cache
      ? this.#cache.fill(id, state.toldVersion ?? 0, () => batcher.find(id))
      : batcher.find(id)
  }

  #adopt(state: SessionState, token: Token, record: SessionRecord | undefined): void {
    const now = this.#context.now()
    const opened = judge(this.#context, token, record, now)
    if (opened) this.#enter(state, token, opened, now)
  }

  #enter(state: SessionState, token: Token, opened: Opened, now: number): void {
    if (!admitsClient(this.#context, state, opened.record)) return
    if (!unlocks(this.#context, state, token, opened.record)) return
    state.adopt(opened.record)
    if (state.opening.reissue && state.canIssue) this.#reissue(state, token, opened.record)
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
}
