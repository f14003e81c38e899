import { applyChange } from "../contract/apply-change.ts"
import type { Outcome } from "../contract/change.ts"
import { SessionError } from "../contract/errors.ts"
import type { SessionRecord } from "../contract/record.ts"
import type { SessionStore } from "../contract/store.ts"
import type { ManagerContext } from "./context.ts"
import type { SessionEventName, SessionEvents } from "./events.ts"
import { seenNow } from "./lifetimes.ts"
import type { OpenOptions } from "./manager.ts"
import { Operations, updateHere } from "./operations.ts"
import { type ManagerOptions, managerContext } from "./options.ts"
import { Session } from "./session.ts"
import { SessionState } from "./state.ts"

/** Writes a whole session as a text that only the server can read and make. */
export interface RecordSeal {
  seal(record: SessionRecord): string
  /** `undefined` for anything that was not sealed with one of the keys; `stale` when it was not with the newest. */
  open(text: string): { readonly record: SessionRecord; readonly stale: boolean } | undefined
}

/** What needs a store, and so has no meaning for a sealed session. */
type NeedsStore = "revoke" | "revokeOthers" | "take"

/** A session that is nowhere but with its client. The calls that only a store could keep the promise of do not compile. */
export type SealedSession<Data extends object = Record<string, unknown>> = Session<Data> & {
  readonly [Name in NeedsStore]: never
}

/** The options that only a store can keep the promise of. */
const STORE_OPTIONS = [
  "maxSessionsPerUser",
  "onUserLimit",
  "rotateEvery",
  "rotationGrace",
  "sweepInterval",
  "encryptAtRest",
  "hijack",
  "storeTimeout",
  "onStoreFailure",
] as const

/** The options of a manager that also apply without a store. */
export type SealedManagerOptions<Data extends object> = Omit<
  ManagerOptions<Data>,
  (typeof STORE_OPTIONS)[number]
>

/** Room for the rest of a session within a cookie of 4,096 bytes. */
const MAX_SESSION_LENGTH = 2_400

/**
 * Sessions without a store: the client carries all of it. It reads and writes nothing else, and cannot do what takes a store:
 * an ended session's copy stays good until it expires (no G2, G4), and of concurrent changes the last answer wins (no G1).
 */
export class SealedManager<Data extends object = Record<string, unknown>> {
  readonly #context: ManagerContext
  readonly #operations: SealedOperations
  readonly #seal: RecordSeal
  readonly #touchInterval: number

  constructor(seal: RecordSeal, options: SealedManagerOptions<Data> = {}) {
    checkOptions(options)
    const { context, touchInterval } = managerContext(NO_STORE, {
      ...options,
      limits: { maxSessionLength: MAX_SESSION_LENGTH, ...options.limits },
      sweepInterval: false,
    })
    this.#context = { ...context, batcher: carriedByClient, writeToken: record => seal.seal(record) }
    this.#operations = new SealedOperations(this.#context, async (state, text) => this.#adopt(state, text))
    this.#seal = seal
    this.#touchInterval = touchInterval
  }

  /** The session that the text holds, or a new one. Anything forged, expired or damaged is as good as nothing. */
  open(text: string | undefined, options?: OpenOptions): SealedSession<Data> {
    const state = new SessionState(
      this.#context.rules,
      this.#context.secrets.id,
      options?.client,
      options?.exchange,
    )
    if (options?.touch === false) state.touches = false
    const session = new Session<Data>(state, this.#operations)
    if (text !== undefined && options?.lazy) state.pendingToken = text
    else if (text !== undefined) this.#adopt(state, text)
    return session as SealedSession<Data>
  }

  /** Listens to an event; returns the function that stops listening. */
  on<Name extends SessionEventName>(name: Name, listener: (event: SessionEvents[Name]) => void): () => void {
    return this.#context.events.on(name, listener)
  }

  /** Tells listeners of what a layer above has seen. */
  protected report<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
    this.#context.events.emit(name, event)
  }

  #adopt(state: SessionState, text: string): void {
    const opened = this.#seal.open(text)
    const now = this.#context.now()
    if (!opened || now >= opened.record.expiresAt) {
      this.#context.events.emit("refused", {
        reason: opened ? "unknown" : "malformed",
        id: opened?.record.id,
      })
      if (!state.canIssue) return
      state.delivery = { kind: "clear" }
      state.exchange?.changed()
      return
    }
    state.adopt(opened.record)
    const seen = state.touches && now - opened.record.lastSeenAt >= this.#touchInterval
    if (opened.stale || seen) this.#sealAgain(state, opened.record, seen ? now : undefined)
  }

  /** With the newest key, or with a later idle end. */
  #sealAgain(state: SessionState, record: SessionRecord, seenAt: number | undefined): void {
    if (!state.canIssue) return
    const now = this.#context.now()
    const renewed =
      seenAt === undefined
        ? record
        : (applyChange(record, { kind: "touch", id: record.id, seen: seenNow(record, seenAt) }, now).record ??
          record)
    state.adopt(renewed)
    const token = this.#seal.seal(renewed)
    state.delivery = {
      kind: "issue",
      token,
      persistent: renewed.persistent,
      expiresAt: renewed.absoluteExpiresAt,
    }
    state.exchange?.changed()
  }
}

class SealedOperations extends Operations {
  /** Nobody else can change what this client carries, but its own other requests: the last answer wins. */
  override async update(
    state: SessionState,
    key: string,
    change: (value: unknown) => unknown,
  ): Promise<unknown> {
    state.assertChangeable()
    return updateHere(state, key, change)
  }

  /** There is nothing newer than what the client has sent. */
  override async reload(state: SessionState): Promise<void> {
    state.assertStorable()
  }

  override async revoke(state: SessionState, reason: "logout" | "revoked"): Promise<void> {
    if (reason !== "logout") throw needsStore("revoke")
    await super.revoke(state, reason)
  }

  override async revokeOthers(): Promise<number> {
    throw needsStore("revokeOthers")
  }
}

/** Every change is applied: the record at hand is the only one there is. */
const carriedByClient: ManagerContext["batcher"] = {
  find: async () => undefined,
  apply: async (): Promise<Outcome> => ({ kind: "applied", version: 0 }),
  drained: async () => undefined,
}

const NO_STORE: SessionStore = {
  find: async ids => ids.map(() => undefined),
  apply: async changes => changes.map(() => ({ kind: "gone" })),
  sweep: async () => [],
  close: async () => undefined,
}

function checkOptions(options: object): void {
  const name = STORE_OPTIONS.find(each => each in options)
  if (name === undefined) return
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `${name} has no meaning for sealed sessions, which are nowhere but with their client: leave it out, or use a store`,
  )
}

const needsStore = (call: string): SessionError =>
  new SessionError(
    "ERR_SESSION_UNSUPPORTED",
    `${call}: a sealed session is nowhere but with its client, and cannot be ended from here: use a store for that`,
  )
