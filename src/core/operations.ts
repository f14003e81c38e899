import { applyChange } from "../contract/apply-change.ts"
import type { Change, Create, Outcome, Patch, Rotate } from "../contract/change.ts"
import { SessionError } from "../contract/errors.ts"
import type { Login, SessionRecord } from "../contract/record.ts"
import { applyOne, type ManagerContext, revokeRecord } from "./context.ts"
import { KeyedQueue } from "./keyed-queue.ts"
import { type LifetimeOptions, type Lifetimes, lifetimeFrom, resolveLifetimes, seenNow } from "./lifetimes.ts"
import { refused } from "./outcome.ts"
import { hashSecret } from "./secret.ts"
import type { LoginOptions, SessionOperations } from "./session.ts"
import type { SessionState } from "./state.ts"
import { updateStored } from "./updating.ts"
import { admitUser, enforceUserLimit, userIndex } from "./user-limit.ts"
import type { PendingData } from "./values.ts"

const MAX_USER_ID_LENGTH = 1_024

/** Turns what a session asks for into changes, and their outcomes into what the session then is. */
export class Operations implements SessionOperations {
  readonly now: () => number
  readonly #context: ManagerContext
  readonly #loadToken: (state: SessionState, token: string) => Promise<void>
  readonly #updates = new KeyedQueue()

  constructor(context: ManagerContext, loadToken: (state: SessionState, token: string) => Promise<void>) {
    this.#context = context
    this.#loadToken = loadToken
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

  async commit(state: SessionState): Promise<void> {
    if (!state.dirty) return
    await inTurn(state, () => this.#commitChanges(state))
  }

  async update(state: SessionState, key: string, change: (value: unknown) => unknown): Promise<unknown> {
    state.assertChangeable()
    return await inTurn(state, async () => {
      const { record } = state
      if (!record) return await updateNew(state, key, change)
      return await this.#updates.run(record.id, () =>
        updateStored(this.#context, state, record.id, key, change),
      )
    })
  }

  async login(state: SessionState, userId: string, options: LoginOptions): Promise<void> {
    state.assertIssuable()
    checkUserId(userId)
    const lifetimes = resolveLifetimes(options, this.#context.lifetimes)
    const login: Login = { userId, authenticatedAt: this.now(), methods: [...(options.methods ?? [])] }
    await inTurn(state, async () => {
      await admitUser(this.#context, userId, state.record?.id)
      if (options.label !== undefined) state.client = { ...state.client, label: options.label }
      await this.#endOtherUser(state, userId)
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

  async renew(state: SessionState): Promise<void> {
    state.assertIssuable()
    await inTurn(state, async () => {
      const { record } = state
      if (!record) return
      const outcome = await this.#rotate(state, record, { privilege: { login: record.login } })
      if (outcome.kind !== "applied") throw refused(outcome)
    })
  }

  async revoke(state: SessionState, reason: "logout" | "revoked"): Promise<void> {
    state.assertLoaded()
    await inTurn(state, async () => {
      const { record } = state
      if (record) {
        await revokeRecord(this.#context, record, reason)
        if (state.canIssue) state.delivery = { kind: "clear" }
      }
      state.startAnew()
      if (record) state.exchange?.changed()
    })
  }

  async revokeOthers(state: SessionState): Promise<number> {
    state.assertLoaded()
    const { record } = state
    if (!record?.login) return 0
    const { userId } = record.login
    const ids = await userIndex(this.#context.store).revokeByUser(userId, record.id)
    for (const id of ids) this.#context.events.emit("revoked", { id, userId, reason: "revoked" })
    return ids.length
  }

  setLifetime(state: SessionState, options: LifetimeOptions): void {
    state.newLifetime = resolveLifetimes(options, this.#context.lifetimes)
  }

  async #commitChanges(state: SessionState): Promise<void> {
    if (!state.dirty) return
    const { record, dueRotation } = state
    if (!record) return await this.#create(state, state.newLifetime ?? this.#context.lifetimes, undefined)
    state.dueRotation = undefined
    if (dueRotation && state.canIssue) {
      const outcome = await this.#rotate(state, record, dueRotation)
      if (outcome.kind === "applied") return
      if (outcome.kind === "gone") throw refused(outcome)
    }
    if (state.dirty) await this.#patch(state, record)
  }

  async #patch(state: SessionState, record: SessionRecord): Promise<void> {
    const change: Patch = {
      kind: "patch",
      id: record.id,
      epoch: record.epoch,
      ...this.#extras(state, record),
      ...state.values.take(),
    }
    const outcome = await this.#apply(state, change, change)
    if (outcome.kind !== "applied") throw refused(outcome)
    settle(state, record, change, outcome.version, this.now())
    this.#deliver(state, undefined)
  }

  async #rotate(
    state: SessionState,
    record: SessionRecord,
    how: { privilege?: { login: Login | undefined }; previousSecretHash?: string; lifetimes?: Lifetimes },
  ): Promise<Outcome> {
    const secret = this.#context.secrets.secret()
    const at = this.now()
    const change: Rotate = {
      kind: "rotate",
      id: record.id,
      epoch: record.epoch,
      generation: record.generation,
      secretHash: hashSecret(secret),
      previousSecretHash: how.previousSecretHash,
      at,
      ...(how.privilege && { privilege: how.privilege }),
      ...this.#extras(state, record),
      ...(how.lifetimes && { lifetime: lifetimeFrom(at, how.lifetimes) }),
      ...state.values.take(),
    }
    const outcome = await this.#apply(state, change, change)
    if (outcome.kind === "applied") {
      settle(state, record, change, outcome.version, at)
      this.#deliver(state, secret)
      const userId = state.record?.login?.userId
      this.#context.events.emit("rotated", {
        id: record.id,
        userId,
        cause: how.privilege ? "privilege" : "periodic",
      })
    } else {
      state.values.restore(change)
    }
    return outcome
  }

  /** Logs in on the session at hand; when that ended or moved on meanwhile, on a new one. */
  async #renewOrCreate(state: SessionState, lifetimes: Lifetimes, login: Login): Promise<void> {
    const { record } = state
    if (record) {
      state.newClient = true
      const outcome = await this.#rotate(state, record, { privilege: { login }, lifetimes })
      if (outcome.kind === "applied") return
      const pending = state.values.take()
      const all = { set: state.values.all(), unset: [] }
      state.startAnew(outcome.kind === "gone" ? pending : all)
    }
    await this.#create(state, lifetimes, login)
  }

  async #endOtherUser(state: SessionState, userId: string): Promise<void> {
    const { record } = state
    if (!record?.login || record.login.userId === userId) return
    await revokeRecord(this.#context, record, "replaced")
    state.startAnew()
  }

  async #create(state: SessionState, lifetimes: Lifetimes, login: Login | undefined): Promise<void> {
    const secret = this.#context.secrets.secret()
    const now = this.now()
    const pending = state.values.take()
    const record: SessionRecord = {
      id: state.id,
      secretHash: hashSecret(secret),
      previous: undefined,
      epoch: login ? 2 : 1,
      version: 1,
      generation: 1,
      createdAt: now,
      rotatedAt: now,
      lastSeenAt: now,
      ...lifetimeFrom(now, lifetimes),
      login,
      client: state.client,
      data: pending.set,
    }
    const change: Create = { kind: "create", record }
    const outcome = await this.#apply(state, change, pending)
    if (outcome.kind !== "applied") throw refused(outcome)
    state.record = record
    state.newLifetime = undefined
    state.newClient = false
    this.#deliver(state, secret)
    this.#context.events.emit("created", { id: record.id, userId: login?.userId })
  }

  /** Applies, and puts the data back when the store failed, so that `save()` can be tried again. */
  async #apply(state: SessionState, change: Change, pending: PendingData): Promise<Outcome> {
    try {
      return await applyOne(this.#context, change)
    } catch (error) {
      state.values.restore(pending)
      throw error
    }
  }

  #extras(state: SessionState, record: SessionRecord): Pick<Patch, "client" | "lifetime" | "seen"> {
    const now = this.now()
    return {
      ...(state.newClient && { client: state.client }),
      ...(state.newLifetime && { lifetime: lifetimeFrom(now, state.newLifetime) }),
      ...(state.touches && { seen: seenNow(record, now) }),
    }
  }

  /** Tells the client what it has to carry from now on, if that changed. */
  #deliver(state: SessionState, secret: string | undefined): void {
    const { record } = state
    const token = record && this.#context.writeToken(record, secret)
    if (token === undefined) return
    state.delivery = {
      kind: "issue",
      token,
      persistent: record.persistent,
      expiresAt: record.absoluteExpiresAt,
    }
    state.exchange?.changed()
  }
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

/** The session after a change that the store has applied. */
function settle(
  state: SessionState,
  before: SessionRecord,
  change: Patch | Rotate,
  version: number,
  now: number,
): void {
  const after = applyChange(before, change, now).record ?? before
  state.record = { ...after, version: Math.max(after.version, version) }
  state.newLifetime = undefined
  state.newClient = false
}

/** A session that is not stored is known to nobody else: its update is a plain change. */
async function updateNew(
  state: SessionState,
  key: string,
  change: (value: unknown) => unknown,
): Promise<unknown> {
  const value = await change(state.values.get(key))
  if (value === undefined) state.values.delete(key)
  else state.values.set(key, value)
  state.exchange?.changed()
  return state.values.get(key)
}

function checkUserId(userId: string): void {
  if (typeof userId === "string" && userId.length > 0 && userId.length <= MAX_USER_ID_LENGTH) return
  throw new SessionError(
    "ERR_SESSION_INVALID_ARGUMENT",
    `login takes the user's id as a text of 1 to ${MAX_USER_ID_LENGTH} characters`,
  )
}
