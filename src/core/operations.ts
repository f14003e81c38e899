import type { Outcome } from "../contract/change.ts"
import { SessionError } from "../contract/errors.ts"
import type { Login, SessionRecord } from "../contract/record.ts"
import {
  checkAuthentication,
  checkText,
  isStamped,
  type LoginOptions,
  loginAfter,
  type StepUpOptions,
} from "./authentication.ts"
import { type ManagerContext, revokeRecord } from "./context.ts"
import { isStoreFailure, withDeadline } from "./deadline.ts"
import type { RevokeReason } from "./events.ts"
import { KeyedQueue } from "./keyed-queue.ts"
import { type LifetimeOptions, type Lifetimes, resolveLifetimes } from "./lifetimes.ts"
import { refused } from "./outcome.ts"
import type { SessionOperations } from "./session-operations.ts"
import type { SessionState } from "./state.ts"
import { readFresh, updateStored } from "./updating.ts"
import { admitUser, enforceUserLimit, userIndex } from "./user-limit.ts"
import { type Renewal, Writer } from "./writer.ts"

/** The login in the session of this id, after what that session's user has proved before. */
type LoginFor = (id: string, earlier: Login | undefined) => Login

/** Turns what a session asks for into changes, and their outcomes into what the session then is. */
export class Operations implements SessionOperations {
  readonly now: () => number
  readonly #context: ManagerContext
  readonly #loadToken: (state: SessionState, token: string) => Promise<void>
  readonly #writer: Writer
  readonly #updates = new KeyedQueue(isStoreFailure)
  #lastLogin = 0

  constructor(context: ManagerContext, loadToken: (state: SessionState, token: string) => Promise<void>) {
    this.#context = context
    this.#loadToken = loadToken
    this.#writer = new Writer(context)
    this.now = context.now
  }

  async load(state: SessionState): Promise<void> {
    const token = state.pendingToken
    if (token === undefined) return
    await inTurn(state, async () => {
      if (state.pendingToken === undefined) return
      await this.#loadToken(state, token)
      state.pendingToken = undefined
    })
  }

  async reload(state: SessionState): Promise<void> {
    state.assertStorable()
    await inTurn(state, async () => {
      if (state.record) await readFresh(this.#context, state, state.record.id)
    })
  }

  async commit(state: SessionState): Promise<void> {
    if (!state.dirty) return
    await inTurn(state, () => this.#commitChanges(state))
  }

  async update(state: SessionState, key: string, change: (value: unknown) => unknown): Promise<unknown> {
    state.assertChangeable()
    return await writing(state, async () => {
      const { record } = state
      if (!record) return updateHere(state, key, change)
      return await this.#updates.run(record.id, alone =>
        updateStored(this.#context, state, record.id, key, change, alone),
      )
    })
  }

  async login(state: SessionState, userId: string, options: LoginOptions): Promise<void> {
    state.assertIssuable()
    checkText("the user's id that login takes", userId)
    checkAuthentication("login", options)
    if (options.label !== undefined) checkText("the label that login takes", options.label)
    const lifetimes = resolveLifetimes(
      options,
      state.newLifetime ?? this.#context.lifetimes,
      "ERR_SESSION_INVALID_ARGUMENT",
    )
    const at = this.#loginTime()
    const login: LoginFor = (id, earlier) => loginAfter(id, userId, earlier, options, at)
    await writing(state, async () => {
      await this.admit(state, userId)
      const { record } = state
      if (record?.login && record.login.userId !== userId) await this.#end(state, record, "replaced")
      if (options.label !== undefined) state.client = { ...state.client, label: options.label }
      await this.#renewOrCreate(state, lifetimes, login)
      try {
        await enforceUserLimit(this.#context, userId, state.id)
      } catch (error) {
        state.startAnew()
        state.delivery = { kind: "clear" }
        throw error
      }
    })
  }

  async stepUp(state: SessionState, options: StepUpOptions): Promise<void> {
    state.assertIssuable()
    checkAuthentication("stepUp", options)
    const at = this.#loginTime()
    await writing(state, async () => {
      const { record } = state
      if (!record?.login) throw notLoggedIn()
      const login = loginAfter(record.id, record.login.userId, record.login, options, at)
      const outcome = await this.#changePrivilege(state, record, { privilege: { login }, proof: true })
      if (outcome.kind !== "applied") throw refused(outcome)
    })
  }

  async renew(state: SessionState): Promise<void> {
    state.assertIssuable()
    await writing(state, async () => {
      const { record } = state
      if (!record) return
      const outcome = await this.#changePrivilege(state, record, {
        privilege: { login: record.login },
      })
      if (outcome.kind !== "applied") throw refused(outcome)
    })
  }

  async revoke(state: SessionState, reason: "logout" | "revoked"): Promise<void> {
    state.assertStorable()
    await writing(state, async () => {
      const { record } = state
      if (record) return await this.#logOut(state, record, reason)
      state.startAnew()
      state.loggedOut = state.canIssue
    })
  }

  async verifyStamp(state: SessionState, stamp: string | undefined): Promise<boolean> {
    state.assertStorable()
    const { record } = state
    if (!record?.login) return false
    if (isStamped(record.id, record.login, stamp)) return true
    await writing(state, async () => {
      const fresh = await this.#context.batcher.find(record.id)
      // Another request of this very session has changed the password meanwhile: that is no reason to end it.
      if (fresh && isStamped(fresh.id, fresh.login, stamp)) throw refused({ kind: "conflict" })
      await this.#logOut(state, record, "credentials")
    })
    return false
  }

  async revokeOthers(state: SessionState): Promise<number> {
    state.assertStorable()
    const { record } = state
    if (!record?.login) return 0
    const { userId } = record.login
    const index = userIndex(this.#context.store)
    const ids = await withDeadline("revokeByUser", this.#context.storeTimeout, signal =>
      index.revokeByUser(userId, record.id, signal),
    )
    for (const id of ids) this.#context.events.emit("revoked", { id, userId, reason: "revoked" })
    return ids.length
  }

  setLifetime(state: SessionState, options: LifetimeOptions): void {
    const { lifetimes } = this.#context
    state.newLifetime = resolveLifetimes(options, lifetimes, "ERR_SESSION_INVALID_ARGUMENT")
  }

  /** Refuses a login, or readies the session for it, before anything is changed. */
  protected async admit(state: SessionState, userId: string): Promise<void> {
    await admitUser(this.#context, userId, state.record?.id)
  }

  async #commitChanges(state: SessionState): Promise<void> {
    if (!state.changed) return
    const { record } = state
    if (!record) return await this.#writer.create(state)
    const rotation = dueRotation(state, record)
    state.dueRotation = undefined
    if (rotation && state.canIssue) {
      const outcome = await this.#writer.rotate(state, record, rotation)
      if (outcome.kind === "applied") return
    }
    // Another request rotated first, or ended the session: only what this one changed is left to say.
    if (state.changed) await this.#writer.patch(state, record)
  }

  /** Later than that of the login before, as a limit per user keeps the latest logins. */
  #loginTime(): number {
    this.#lastLogin = Math.max(this.now(), this.#context.userLimit ? this.#lastLogin + 1 : 0)
    return this.#lastLogin
  }

  /** Logs in on the session at hand; when that ended or moved on meanwhile, on a new one. */
  async #renewOrCreate(state: SessionState, lifetimes: Lifetimes, login: LoginFor): Promise<void> {
    const { record } = state
    if (record) {
      state.newClient = true
      const privilege = { login: login(record.id, record.login) }
      const outcome = await this.#changePrivilege(state, record, { privilege, lifetimes, proof: true })
      if (outcome.kind === "applied") return
      const { client } = state
      const pending = state.values.take().set
      state.startAnew(outcome.kind === "gone" ? pending : state.values.all())
      state.client = client
    }
    await this.#writer.create(state, login(state.id, undefined), lifetimes)
  }

  /** Only another change of privilege is a conflict: after a periodic rotation it tries again on the newer secret. */
  async #changePrivilege(state: SessionState, record: SessionRecord, renewal: Renewal): Promise<Outcome> {
    const outcome = await this.#writer.rotate(state, record, renewal)
    if (outcome.kind !== "conflict") return outcome
    const fresh = await this.#context.batcher.find(record.id)
    if (!fresh) return { kind: "gone" }
    if (fresh.epoch !== record.epoch || fresh.generation === record.generation) return outcome
    state.adopt(fresh)
    return await this.#changePrivilege(state, fresh, renewal)
  }

  /** Ends the session, and tells the client to forget it. */
  async #logOut(state: SessionState, record: SessionRecord, reason: RevokeReason): Promise<void> {
    await this.#end(state, record, reason)
    if (!state.canIssue) return
    state.delivery = { kind: "clear" }
    state.loggedOut = true
  }

  /** Ends the session with all that was gathered for it; what is set from now on begins a new one. */
  async #end(state: SessionState, record: SessionRecord, reason: RevokeReason): Promise<void> {
    const pending = state.take()
    try {
      await revokeRecord(this.#context, record, reason)
    } catch (error) {
      state.restore(pending)
      throw error
    }
    state.startAnew(state.values.take().set)
  }
}

/** A secret that is due, or goes along with a new lifetime, as that takes a new cookie. */
function dueRotation(state: SessionState, record: SessionRecord): Renewal | undefined {
  return state.dueRotation ?? (state.newLifetime && { previousSecretHash: record.secretHash })
}

/** An operation that changes the store, or what the client carries: the response waits for it. */
async function writing<Result>(state: SessionState, operation: () => Promise<Result>): Promise<Result> {
  state.exchange?.changed()
  return await inTurn(state, operation)
}

/** Operations of one session object run one after another. */
async function inTurn<Result>(state: SessionState, operation: () => Promise<Result>): Promise<Result> {
  while (state.operation) await state.operation
  const running = operation()
  const settled = running.then(
    () => undefined,
    () => undefined,
  )
  state.operation = settled
  try {
    return await running
  } finally {
    if (state.operation === settled) state.operation = undefined
  }
}

/** Where no store has the session, nobody else can change it: its update is a plain change. */
export function updateHere(state: SessionState, key: string, change: (value: unknown) => unknown): unknown {
  const value = change(state.values.get(key))
  if (value === undefined) state.values.delete(key)
  else state.values.set(key, value)
  state.exchange?.changed()
  return state.values.get(key)
}

const notLoggedIn = (): SessionError =>
  new SessionError(
    "ERR_SESSION_NOT_LOGGED_IN",
    "stepUp needs somebody who is logged in: use login, or put requireUser before it",
  )
