import type { Outcome } from "../contract/change.ts"
import { SessionError } from "../contract/errors.ts"
import type { SessionStore } from "../contract/store.ts"
import type { ManagerContext } from "./context.ts"
import type { SessionEventName, SessionEvents } from "./events.ts"
import type { OpenOptions } from "./manager.ts"
import { type ManagerOptions, managerContext } from "./options.ts"
import { type RecordSeal, SealedOpener } from "./sealed-opener.ts"
import { SealedOperations } from "./sealed-operations.ts"
import { Session } from "./session.ts"
import { SessionState } from "./state.ts"

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

/**
 * Sessions without a store: the client carries all of it. It reads and writes nothing else, and cannot do what takes a store:
 * an ended session's copy stays good until it expires (no G2, G4), and of concurrent changes the last answer wins (no G1).
 */
export class SealedManager<Data extends object = Record<string, unknown>> {
  readonly #context: ManagerContext
  readonly #operations: SealedOperations
  readonly #opener: SealedOpener

  constructor(seal: RecordSeal, options: SealedManagerOptions<Data> = {}) {
    checkSealedOptions(options)
    const { context, opener } = sealedParts(seal, { ...options, sweepInterval: false })
    this.#context = context
    this.#opener = opener
    this.#operations = new SealedOperations(context, async (state, text) => this.#adopt(state, text))
  }

  /** The session that the text holds, or a new one. Anything forged, expired or damaged is as good as nothing. */
  open(text: string | undefined, options?: OpenOptions): SealedSession<Data> {
    const state = sealedState(this.#context, options)
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
    const unsealed = this.#opener.unseal(state, text)
    if (unsealed) this.#opener.enter(state, unsealed)
  }
}

/** What managers of sealed sessions are made of. */
export function sealedParts<Data extends object>(seal: RecordSeal, options: ManagerOptions<Data>) {
  const parts = managerContext(NO_STORE, {
    ...options,
    limits: { maxSessionLength: seal.maxSessionLength, ...options.limits },
  })
  const context: ManagerContext = {
    ...parts.context,
    batcher: carriedByClient,
    writeToken: record => seal.seal(record),
  }
  return {
    context,
    opener: new SealedOpener(context, seal, parts.touchInterval),
    sweepInterval: parts.sweepInterval,
  }
}

export const sealedState = ({ rules, secrets }: ManagerContext, options?: OpenOptions): SessionState =>
  new SessionState(rules, secrets.id, options)

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

/** Refuses the options that only a store can keep the promise of, but for those `allowed`. */
export function checkSealedOptions(options: object, allowed: readonly string[] = []): void {
  const name = STORE_OPTIONS.find(each => each in options && !allowed.includes(each))
  if (name === undefined) return
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `${name} has no meaning for sealed sessions, which are nowhere but with their client: leave it out, or use a store`,
  )
}
