import type { Create, Outcome, Patch, Rotate, Seen } from "../contract/change.ts"
import type { ClientFacts, Login, SessionRecord } from "../contract/record.ts"
import { sealedCreation, sealedPatch, sealedRotation } from "./at-rest/sealing.ts"
import { Vault } from "./at-rest/vault.ts"
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
  /** The user has proved who they are: what is known of the client is noted anew. */
  readonly proof?: boolean
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
    const vault = this.#context.encryptsAtRest
      ? Vault.begin(state.id, this.#context.secrets.bytes)
      : undefined
    const pending = state.take()
    const record: SessionRecord = {
      id: state.id,
      secretHash: hashSecret(secret),
      previous: undefined,
      epoch: login ? FIRST_EPOCH + 1 : FIRST_EPOCH,
      version: 1,
      generation: 1,
      createdAt: Math.max(now, state.begunAfter + 1),
      rotatedAt: now,
      lastSeenAt: now,
      ...lifetimeFrom(now, lifetimes ?? pending.newLifetime ?? this.#context.lifetimes),
      login,
      client: state.client,
      data: sealedCreation(vault, pending.data.set, secret),
    }
    const outcome = await this.#apply(state, { kind: "create", record }, pending)
    if (outcome.kind !== "applied") throw refused(outcome)
    state.record = record
    state.vault = vault
    this.#deliver(state, record, secret)
    this.#context.events.emit("created", { id: record.id, userId: login?.userId })
  }

  async patch(state: SessionState, record: SessionRecord): Promise<void> {
    state.vault?.unlock()
    const pending = state.take()
    const { now, rotationGrace } = this.#context
    const data = sealedPatch(state.vault, pending.data, record, now() - rotationGrace)
    const change: Patch = {
      kind: "patch",
      id: record.id,
      epoch: record.epoch,
      ...this.#extras(state, record, { ...pending, data }),
    }
    const { applied, outcome } = await this.#applyPatch(state, record, change, pending)
    if (outcome.kind !== "applied") {
      state.adopt(record)
      throw refused(outcome)
    }
    state.behind ||= outcome.version !== record.version + 1
    state.record = recordAfter(record, applied, outcome.version, this.#context.now())
    this.#deliver(state, state.record, undefined)
  }

  /** Unless it is applied, what was to be stored is still gathered afterwards. */
  async rotate(state: SessionState, record: SessionRecord, renewal: Renewal): Promise<Outcome> {
    const { privilege, lifetimes } = renewal
    const secret = this.#context.secrets.secret()
    const at = this.#context.now()
    const vault = privilege ? state.vault?.next(record.data) : state.vault
    vault?.unlock()
    const pending = state.take()
    const data = sealedRotation(vault, pending.data, record, secret, renewal.previousSecretHash)
    const change: Rotate = {
      kind: "rotate",
      id: record.id,
      epoch: record.epoch,
      generation: record.generation,
      secretHash: hashSecret(secret),
      previousSecretHash: renewal.previousSecretHash,
      at,
      ...(privilege && { privilege }),
      ...this.#extras(
        state,
        record,
        { ...pending, data, newLifetime: lifetimes ?? pending.newLifetime },
        renewal.proof,
      ),
    }
    const outcome = await this.#apply(state, change, pending)
    if (outcome.kind !== "applied") {
      state.restore(pending)
      return outcome
    }
    state.behind ||= outcome.version !== record.version + 1
    const after = recordAfter(record, change, outcome.version, at)
    state.record = after
    state.vault = vault
    if (renewal.proof) state.challenged = false
    this.#deliver(state, after, secret)
    const cause = privilege ? "privilege" : "periodic"
    this.#context.events.emit("rotated", { id: after.id, userId: after.login?.userId, cause })
    return outcome
  }

  /** Removes values that were dropped too, unless another request has changed the session: it may have set them anew (G1). */
  async #applyPatch(state: SessionState, record: SessionRecord, change: Patch, pending: PendingChanges) {
    const { dropped = [] } = pending.data
    // Behind others, the record has a version whose data are not known here, so that the condition would prove nothing.
    if (dropped.length > 0 && !state.behind) {
      const removing = { ...change, ifVersion: record.version, unset: [...change.unset, ...dropped] }
      const outcome = await this.#apply(state, removing, pending)
      if (outcome.kind !== "conflict") return { applied: removing, outcome }
    }
    return { applied: change, outcome: await this.#apply(state, change, pending) }
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

  #extras(
    state: SessionState,
    record: SessionRecord,
    { data, newLifetime, newClient }: PendingChanges,
    proof = false,
  ) {
    const now = this.#context.now()
    const seen = state.touches ? this.#seen(record, newLifetime, now) : undefined
    return {
      ...((newClient || proof) && { client: this.#clientOf(state, record, proof) }),
      ...(newLifetime && { lifetime: lifetimeFrom(now, newLifetime) }),
      ...(seen && { seen }),
      set: data.set,
      unset: data.unset,
    }
  }

  /** Where changes of the client are watched, a new label must not pass off another client as the one that logged in. */
  #clientOf({ client }: SessionState, record: SessionRecord, proof: boolean): ClientFacts {
    if (proof || !this.#context.hijack) return client
    return client.label === undefined ? record.client : { ...record.client, label: client.label }
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
