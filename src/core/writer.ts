import type { Create, Outcome, Patch, Rotate, Seen } from "../contract/change.ts"
import type { Login, SessionRecord } from "../contract/record.ts"
import { applyOne, type ManagerContext } from "./context.ts"
import { type Lifetimes, lifetimeFrom, seenNow } from "./lifetimes.ts"
import { recordAfter, refused } from "./outcome.ts"
import { hashSecret } from "./secret.ts"
import type { PendingChanges, SessionState } from "./state.ts"

/** How a secret is replaced: with a change of privilege, or keeping the old secret for the grace. */
export interface Renewal {
  readonly privilege?: { readonly login: Login | undefined }
  readonly previousSecretHash?: string
  readonly lifetimes?: Lifetimes
}

/** The epoch of an anonymous session; a session that begins with a login has had one change of privilege. */
const FIRST_EPOCH = 1

/** Makes one change of what a session has gathered, and the session into what the store answers. */
export class Writer {
  readonly #context: ManagerContext

  constructor(context: ManagerContext) {
    this.#context = context
  }

  async create(state: SessionState, login?: Login, lifetimes?: Lifetimes): Promise<void> {
    const secret = this.#context.secrets.secret()
    const now = this.#context.now()
    const pending = state.take()
    const record: SessionRecord = {
      id: state.id,
      secretHash: hashSecret(secret),
      previous: undefined,
      epoch: login ? FIRST_EPOCH + 1 : FIRST_EPOCH,
      version: 1,
      generation: 1,
      createdAt: now,
      rotatedAt: now,
      lastSeenAt: now,
      ...lifetimeFrom(now, lifetimes ?? pending.newLifetime ?? this.#context.lifetimes),
      login,
      client: state.client,
      data: pending.data.set,
    }
    const outcome = await this.#apply(state, { kind: "create", record }, pending)
    if (outcome.kind !== "applied") throw refused(outcome)
    state.record = record
    this.#deliver(state, record, secret)
    this.#context.events.emit("created", { id: record.id, userId: login?.userId })
  }

  async patch(state: SessionState, record: SessionRecord): Promise<void> {
    const pending = state.take()
    const change: Patch = {
      kind: "patch",
      id: record.id,
      epoch: record.epoch,
      ...this.#extras(state, record, pending),
    }
    const outcome = await this.#apply(state, change, pending)
    if (outcome.kind !== "applied") {
      state.values.rebase(record.data)
      throw refused(outcome)
    }
    state.record = recordAfter(record, change, outcome.version, this.#context.now())
    this.#deliver(state, state.record, undefined)
  }

  /** Unless it is applied, what was to be stored is still gathered afterwards. */
  async rotate(state: SessionState, record: SessionRecord, renewal: Renewal): Promise<Outcome> {
    const { privilege, lifetimes } = renewal
    const secret = this.#context.secrets.secret()
    const at = this.#context.now()
    const pending = state.take()
    const change: Rotate = {
      kind: "rotate",
      id: record.id,
      epoch: record.epoch,
      generation: record.generation,
      secretHash: hashSecret(secret),
      previousSecretHash: renewal.previousSecretHash,
      at,
      ...(privilege && { privilege }),
      ...this.#extras(state, record, { ...pending, newLifetime: lifetimes ?? pending.newLifetime }),
    }
    const outcome = await this.#apply(state, change, pending)
    if (outcome.kind !== "applied") {
      state.restore(pending)
      return outcome
    }
    const after = recordAfter(record, change, outcome.version, at)
    state.record = after
    this.#deliver(state, after, secret)
    const cause = privilege ? "privilege" : "periodic"
    this.#context.events.emit("rotated", { id: after.id, userId: after.login?.userId, cause })
    return outcome
  }

  /** Applies, and puts everything back when the store failed, so that it can be tried again. */
  async #apply(
    state: SessionState,
    change: Create | Patch | Rotate,
    pending: PendingChanges,
  ): Promise<Outcome> {
    try {
      return await applyOne(this.#context, change)
    } catch (error) {
      state.restore(pending)
      throw error
    }
  }

  #extras(state: SessionState, record: SessionRecord, { data, newLifetime, newClient }: PendingChanges) {
    const now = this.#context.now()
    const seen = state.touches ? this.#seen(record, newLifetime, now) : undefined
    return {
      ...(newClient && { client: state.client }),
      ...(newLifetime && { lifetime: lifetimeFrom(now, newLifetime) }),
      ...(seen && { seen }),
      ...data,
    }
  }

  #seen(record: SessionRecord, newLifetime: Lifetimes | undefined, now: number): Seen | undefined {
    return newLifetime ? seenNow(newLifetime, now) : this.#context.toucher.carriedBy(record, now)
  }

  /** Tells the client what it has to carry from now on, if that changed. */
  #deliver(state: SessionState, record: SessionRecord, secret: string | undefined): void {
    const token = this.#context.writeToken(record, secret)
    if (token === undefined) return
    const { persistent, absoluteExpiresAt } = record
    state.delivery = { kind: "issue", token, persistent, expiresAt: absoluteExpiresAt }
    state.exchange?.changed()
  }
}
