import { isSessionError, SessionError } from "../contract/errors.ts"
import type { SessionStore } from "../contract/store.ts"
import { checkText } from "./authentication.ts"
import type { ManagerContext } from "./context.ts"
import { withDeadline } from "./deadline.ts"
import { type Duration, milliseconds } from "./duration.ts"
import type { SessionEventName, SessionEvents } from "./events.ts"
import { resolveLifetimes } from "./lifetimes.ts"
import type { OpenOptions } from "./manager.ts"
import type { ManagerOptions } from "./options.ts"
import { RevocableOperations, withinLongest } from "./revocable-operations.ts"
import { RevocationList } from "./revocation-list.ts"
import { checkSealedOptions, type SealedManagerOptions, sealedParts, sealedState } from "./sealed-manager.ts"
import type { RecordSeal, SealedOpener, Unsealed } from "./sealed-opener.ts"
import { Session } from "./session.ts"
import type { SessionState } from "./state.ts"
import { Sweeper } from "./sweeper.ts"
import { isId } from "./token.ts"

/**
 * A sealed session that can be ended. Only what would need the session itself in a store does not compile. `revokeOthers`
 * resolves to `NaN`: nobody knows how many there were.
 */
export type RevocableSealedSession<Data extends object = Record<string, unknown>> = Session<Data> & {
  readonly take: never
}

/** What only a list of revocations gives a meaning to. */
export interface RevocationOptions extends Pick<ManagerOptions, (typeof LIST_OPTIONS)[number]> {
  /** An open store that keeps what has ended: best one of its own. The manager sweeps it and closes it. */
  readonly revocations: SessionStore
  /**
   * The longest `absoluteTimeout` that any session is given, by `login` or `setLifetime`, counted from its beginning: so long
   * the list remembers. Default `absoluteTimeout`. The same on every node.
   */
  readonly longestTimeout?: Duration
}

const LIST_OPTIONS = ["sweepInterval", "storeTimeout", "onStoreFailure"] as const

/**
 * Sealed sessions, and a list of those that have ended. What the list has, opens no more, on any node, from the moment at which
 * its store has acknowledged it: each request that brings a session asks the list, in one call.
 */
export class RevocableManager<Data extends object = Record<string, unknown>> {
  readonly #context: ManagerContext
  readonly #store: SessionStore
  readonly #list: RevocationList
  readonly #opener: SealedOpener
  readonly #operations: RevocableOperations
  readonly #sweeper: Sweeper
  #closing: Promise<void> | undefined

  constructor(seal: RecordSeal, options: SealedManagerOptions<Data> & RevocationOptions) {
    checkSealedOptions(options, LIST_OPTIONS)
    const { revocations, longestTimeout, ...managing } = options
    checkStore(revocations)
    const longest = longestOf(longestTimeout, resolveLifetimes(managing).absoluteTimeout)
    const { context, opener, sweepInterval } = sealedParts(within(seal, longest), managing)
    const list = new RevocationList(revocations, context, longest)
    this.#context = {
      ...context,
      endRecord: async ({ id, createdAt }) =>
        (await list.end(id, createdAt)) ? { kind: "applied", version: 0 } : { kind: "gone" },
    }
    this.#store = revocations
    this.#list = list
    this.#opener = opener
    this.#operations = new RevocableOperations(this.#context, list, longest, async (state, text) =>
      this.#adopt(state, text),
    )
    this.#sweeper = new Sweeper(revocations, failuresOnly(context), {
      interval: sweepInterval,
      timeout: context.storeTimeout,
      now: context.now,
      random: context.random,
    })
    if (options.sweepInterval !== false) this.#sweeper.start()
  }

  /**
   * The session that the text holds, or a new one; synchronous where the list answers from memory, or nothing is presented.
   * A failing list rejects (`ERR_SESSION_STORE_UNAVAILABLE`, `ERR_SESSION_STORE_TIMEOUT`), or, under
   * `onStoreFailure: "anonymous"`, gives a session that cannot be changed.
   */
  open(
    text: string | undefined,
    options?: OpenOptions,
  ): RevocableSealedSession<Data> | Promise<RevocableSealedSession<Data>> {
    this.#assertOpen()
    const state = sealedState(this.#context, options)
    const session = new Session<Data>(state, this.#operations) as RevocableSealedSession<Data>
    if (text !== undefined && options?.lazy) state.pendingToken = text
    const reading = text === undefined || options?.lazy ? undefined : this.#adopt(state, text)
    return reading ? reading.then(() => session) : session
  }

  /** Ends one session by its id. */
  async revoke(id: string): Promise<void> {
    this.#assertOpen()
    if (!isId(id)) return
    // When it began is not known here; no session of today outlives one that begins now.
    if (await this.#list.end(id, this.#context.now()))
      this.#context.events.emit("revoked", { id, userId: undefined, reason: "revoked" })
  }

  /** Ends all sessions of a user that were sealed before, but for one id if given. A login after it works at once. */
  async revokeUser(userId: string, options?: { readonly except?: string }): Promise<void> {
    this.#assertOpen()
    checkText("the user's id that revokeUser takes", userId)
    await this.#list.endUser(userId, options?.except)
  }

  /** Listens to an event; returns the function that stops listening. */
  on<Name extends SessionEventName>(name: Name, listener: (event: SessionEvents[Name]) => void): () => void {
    return this.#context.events.on(name, listener)
  }

  /** Tells listeners of what a layer above has seen. */
  protected report<Name extends SessionEventName>(name: Name, event: SessionEvents[Name]): void {
    this.#context.events.emit(name, event)
  }

  /** Removes from the list what nothing alive depends on; resolves to how much that was. */
  async sweep(): Promise<number> {
    this.#assertOpen()
    return await this.#sweeper.sweep()
  }

  /** Waits for what is under way, and closes the list's store. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    await this.#sweeper.stop()
    await this.#list.drained()
    await withDeadline("close", this.#context.storeTimeout, () => this.#store.close())
  }

  #adopt(state: SessionState, text: string): Promise<void> | undefined {
    const unsealed = this.#opener.unseal(state, text)
    if (!unsealed) return undefined
    try {
      const ended = this.#list.hasEnded(unsealed.record)
      if (typeof ended === "boolean") this.#admit(state, unsealed, ended)
      else
        return ended.then(
          each => this.#admit(state, unsealed, each),
          error => this.#fallBack(state, error),
        )
    } catch (error) {
      this.#fallBack(state, error)
    }
    return undefined
  }

  /** The cookie of a session that has ended is left alone, as a login may have replaced it by now. */
  #admit(state: SessionState, unsealed: Unsealed, ended: boolean): void {
    if (ended) this.#opener.refuse(unsealed.record.id)
    else this.#opener.enter(state, unsealed)
  }

  #fallBack(state: SessionState, error: unknown): void {
    if (this.#context.onStoreFailure === "fail" || !isSessionError(error)) throw error
    this.#context.events.emit("storeError", { operation: "find", error })
    state.failure = error
  }

  #assertOpen(): void {
    if (this.#closing)
      throw new SessionError("ERR_SESSION_CLOSED", "these sessions have been closed: open them before that")
  }
}

/** A seal under which nothing lives longer than the list remembers. */
const within = (seal: RecordSeal, longest: number): RecordSeal => ({
  ...seal,
  seal: record => seal.seal(withinLongest(record, longest)),
  open(text) {
    const unsealed = seal.open(text)
    return unsealed && { ...unsealed, record: withinLongest(unsealed.record, longest) }
  },
})

function longestOf(given: Duration | undefined, absoluteTimeout: number): number {
  if (given === undefined) return absoluteTimeout
  const longest = milliseconds(given, "longestTimeout")
  if (longest >= absoluteTimeout) return longest
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    `longestTimeout (${longest} ms) is shorter than absoluteTimeout (${absoluteTimeout} ms): lengthen it, or leave it out`,
  )
}

function checkStore(store: SessionStore): void {
  if (typeof store?.find === "function" && typeof store.apply === "function") return
  throw new SessionError(
    "ERR_SESSION_CONFIG",
    'revocations is no open store: give one, such as await openStore("sqlite:./ended.db")',
  )
}

/** What the sweep forgets are no sessions, so nobody is told that they expired. */
const failuresOnly = ({ events }: ManagerContext): ConstructorParameters<typeof Sweeper>[1] => ({
  emit(name, event) {
    if (name === "storeError") events.emit(name, event)
  },
})
