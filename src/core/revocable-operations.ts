import { SessionError } from "../contract/errors.ts"
import type { SessionRecord } from "../contract/record.ts"
import { checkAuthentication, type LoginOptions, type StepUpOptions } from "./authentication.ts"
import type { ManagerContext } from "./context.ts"
import { type LifetimeOptions, type Lifetimes, resolveLifetimes } from "./lifetimes.ts"
import { refused } from "./outcome.ts"
import type { RevocationList } from "./revocation-list.ts"
import { CarriedOperations } from "./sealed-operations.ts"
import type { SessionState } from "./state.ts"

/** The operations of sealed sessions whose ends are kept in a list. */
export class RevocableOperations extends CarriedOperations {
  readonly #parts: ManagerContext
  readonly #list: RevocationList
  readonly #longest: number

  constructor(
    context: ManagerContext,
    list: RevocationList,
    longest: number,
    load: (state: SessionState, token: string) => Promise<void>,
  ) {
    super(context, load)
    this.#parts = context
    this.#list = list
    this.#longest = longest
  }

  override async login(state: SessionState, userId: string, options: LoginOptions): Promise<void> {
    checkAuthentication("login", options)
    this.#checkLifetimes(resolveLifetimes(options, state.newLifetime ?? this.#parts.lifetimes, WRONG))
    await super.login(state, userId, options)
  }

  override async stepUp(state: SessionState, options: StepUpOptions): Promise<void> {
    await this.#assertLive(state)
    await super.stepUp(state, options)
  }

  override async renew(state: SessionState): Promise<void> {
    await this.#assertLive(state)
    await super.renew(state)
  }

  /** Nothing newer than what the client has sent, but whether it has ended meanwhile. */
  override async reload(state: SessionState): Promise<void> {
    await this.#assertLive(state)
  }

  /** Nobody can tell how many there were. */
  override async revokeOthers(state: SessionState): Promise<number> {
    state.assertStorable()
    const { record } = state
    if (!record?.login) return 0
    await this.#list.endUser(record.login.userId, record.id)
    return Number.NaN
  }

  override setLifetime(state: SessionState, options: LifetimeOptions): void {
    this.#checkLifetimes(resolveLifetimes(options, this.#parts.lifetimes, WRONG))
    super.setLifetime(state, options)
  }

  /**
   * A visitor's session is left behind, and one that has ended: the login begins one of its own, later than all that has been
   * ended of this user. The visitor's data come along.
   */
  protected override async admit(state: SessionState, userId: string): Promise<void> {
    const { record } = state
    const ended = record !== undefined && (await this.#list.hasEnded(record))
    state.begunAfter = await this.#list.cutOf(userId)
    if (ended) state.startAnew(state.values.take().set)
    else if (record && !record.login) state.startAnew(state.values.all())
  }

  async #assertLive(state: SessionState): Promise<void> {
    state.assertStorable()
    if (state.record && (await this.#list.hasEnded(state.record))) throw refused({ kind: "gone" })
  }

  #checkLifetimes({ absoluteTimeout }: Lifetimes): void {
    if (absoluteTimeout <= this.#longest) return
    throw new SessionError(
      WRONG,
      `absoluteTimeout is ${absoluteTimeout} ms, above longestTimeout (${this.#longest} ms), for which the revocation list ` +
        "remembers what has ended: raise that, or shorten this",
    )
  }
}

const WRONG = "ERR_SESSION_INVALID_ARGUMENT"

/** The record as it may live: what the list has forgotten must be over. */
export function withinLongest(record: SessionRecord, longest: number): SessionRecord {
  const end = record.createdAt + longest
  if (record.absoluteExpiresAt <= end) return record
  return { ...record, absoluteExpiresAt: end, expiresAt: Math.min(record.expiresAt, end) }
}
