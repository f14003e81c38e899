import { SessionError } from "../contract/errors.ts"
import type { ClientFacts } from "../contract/record.ts"
import { checkText, isStamped, type LoginOptions, type StepUpOptions } from "./authentication.ts"
import type { DeepReadonly, KeyOf, SetOptions } from "./data-types.ts"
import { milliseconds } from "./duration.ts"
import { addFlash, type FlashMessage, hasFlashes, takeFlashes } from "./flash.ts"
import { infoOf, type SessionInfo } from "./info.ts"
import type { LifetimeOptions } from "./lifetimes.ts"
import type { SessionOperations } from "./session-operations.ts"
import type { SessionState } from "./state.ts"
import { RESERVED_PREFIX } from "./values.ts"

let stateOf: (session: object) => SessionState

/**
 * The session of one request. Reading is synchronous; `set`, `delete`, `clear` and `flash` are gathered into ONE change,
 * which is stored before the response's headers leave (G6). The other operations are stored when their promise resolves.
 *
 * Errors: after another request ended the session, changing it fails with `ERR_SESSION_GONE` (G2); after another one
 * logged in, with `ERR_SESSION_CONFLICT` (G3); too late in the response, with `ERR_SESSION_HEADERS_SENT`.
 */
export class Session<Data extends object = Record<string, unknown>> {
  readonly #state: SessionState
  readonly #operations: SessionOperations

  static {
    stateOf = session => {
      if (#state in session) return session.#state
      throw new SessionError(
        "ERR_SESSION_INVALID_ARGUMENT",
        "this is no session: give the one that the request has",
      )
    }
  }

  constructor(state: SessionState, operations: SessionOperations) {
    this.#state = state
    this.#operations = operations
    // `session.cart = []` would be lost with the request: in a module, it throws.
    Object.preventExtensions(this)
  }

  /** Names the session: random, public, stable for its life, safe to log. It opens nothing: that takes the secret. */
  get id(): string {
    this.#state.assertLoaded()
    return this.#state.id
  }

  /** Whether the store has this session. `false` for a visitor for whom nothing has been stored (G8). */
  get isStored(): boolean {
    return this.#loaded.record !== undefined
  }

  /** The user who is logged in. */
  get userId(): string | undefined {
    return this.#loaded.record?.login?.userId
  }

  /** When the user proved who they are, in ms since 1970. */
  get authenticatedAt(): number | undefined {
    return this.#loaded.record?.login?.authenticatedAt
  }

  /** Whether the client has changed since the login, and `hijack` challenges that; `false` after `login` or `stepUp`. */
  get challenged(): boolean {
    return this.#loaded.challenged
  }

  /** Everything that may be shown of a stored session; `undefined` before it is stored. */
  get info(): SessionInfo | undefined {
    const { record } = this.#loaded
    return record && infoOf(record)
  }

  get createdAt(): number | undefined {
    return this.#loaded.record?.createdAt
  }

  /** When it was last used before this request, as far as that has been stored. */
  get lastSeenAt(): number | undefined {
    return this.#loaded.record?.lastSeenAt
  }

  /** When it ends unless it is used again, in ms since 1970. */
  get expiresAt(): number | undefined {
    return this.#loaded.record?.expiresAt
  }

  /** What is known of the client. */
  get client(): ClientFacts {
    return this.#state.client
  }

  /** The value, deep-frozen: change it with `set` or `update`. `undefined` when there is none, or its own life ended. */
  get<Key extends KeyOf<Data>>(key: Key): DeepReadonly<Data[Key]> | undefined {
    return this.#loaded.values.get(key) as DeepReadonly<Data[Key]> | undefined
  }

  has(key: KeyOf<Data>): boolean {
    return this.#loaded.values.has(key)
  }

  keys(): KeyOf<Data>[] {
    const keys = this.#loaded.values.keys().filter(key => !key.startsWith(RESERVED_PREFIX))
    return keys as KeyOf<Data>[]
  }

  /**
   * Sets one key; others that concurrent requests set survive (G1). The value is encoded now, so changing the object
   * afterwards changes nothing. Errors: `ERR_SESSION_NOT_SERIALIZABLE`, `ERR_SESSION_INVALID_VALUE`,
   * `ERR_SESSION_INVALID_KEY`, and the limits' `ERR_SESSION_TOO_MANY_KEYS`, `…_VALUE_TOO_LARGE`, `…_TOO_LARGE`.
   */
  set<Key extends KeyOf<Data>>(key: Key, value: Data[Key], options?: SetOptions): this {
    checkOwnKey(key)
    this.#state.assertChangeable()
    const lifetime = options?.expiresIn
    const expiresAt =
      lifetime === undefined
        ? undefined
        : this.#operations.now() +
          milliseconds(lifetime, `expiresIn of "${key}"`, "ERR_SESSION_INVALID_ARGUMENT")
    this.#state.values.set(key, value, expiresAt)
    this.#changed()
    return this
  }

  /** Removes one key; tells whether it was there. */
  delete(key: KeyOf<Data>): boolean {
    checkOwnKey(key)
    this.#state.assertLoaded()
    if (!this.#state.values.has(key)) return false
    this.#state.assertChangeable()
    const existed = this.#state.values.delete(key)
    this.#changed()
    return existed
  }

  /** Removes all keys that this request sees. */
  clear(): void {
    for (const key of this.keys()) this.delete(key)
  }

  /**
   * Sets a key to what `change` makes of its newest value, serialisably: of concurrent updates none is lost (G1). `change`
   * is synchronous, and may run several times. Returning `undefined` deletes the key. On a session that is not stored yet it
   * is gathered like `set`. After too many conflicts: `ERR_SESSION_CONFLICT`.
   */
  async update<Key extends KeyOf<Data>>(
    key: Key,
    change: (value: DeepReadonly<Data[Key]> | undefined) => Data[Key] | DeepReadonly<Data[Key]> | undefined,
  ): Promise<DeepReadonly<Data[Key]> | undefined> {
    checkOwnKey(key)
    const result = await this.#operations.update(this.#state, key, change as (value: unknown) => unknown)
    return result as DeepReadonly<Data[Key]> | undefined
  }

  /** Removes a key and resolves to its value. Of concurrent takers exactly one gets it: for one-time tokens. */
  async take<Key extends KeyOf<Data>>(key: Key): Promise<DeepReadonly<Data[Key]> | undefined> {
    let taken: DeepReadonly<Data[Key]> | undefined
    await this.update(key, value => {
      taken = value
      return undefined
    })
    return taken
  }

  /** Leaves a message for the next page that calls {@link flashes}. Concurrent messages all survive. */
  flash(message: string, kind = "info"): void {
    this.#state.assertChangeable()
    addFlash(this.#state.values, { message, kind }, this.#operations.now())
    this.#changed()
  }

  /** The messages left by `flash`, oldest first, which are then gone. */
  flashes(): FlashMessage[] {
    const { values } = this.#loaded
    if (!hasFlashes(values)) return []
    this.#state.assertChangeable()
    const messages = takeFlashes(values)
    this.#changed()
    return messages
  }

  /**
   * Logs the user in: a new secret, the old one ends at once (G3, ASVS 7.2.4), a new absolute lifetime. The data of an
   * anonymous visitor (the cart) stays; after another user, the session starts empty under a new id; of the same user,
   * earlier methods stay with their own times. Errors: `ERR_SESSION_USER_LIMIT` when `maxSessionsPerUser` refuses.
   */
  async login(userId: string, options: LoginOptions = {}): Promise<void> {
    await this.#operations.login(this.#state, userId, options)
  }

  /**
   * Notes that the user at hand has proved again, or further, who they are: a second factor, the password before a sensitive
   * change. A new secret, the old one ends at once (ASVS 7.2.4, 7.5.1); lifetimes, label and earlier methods stay.
   * Errors: `ERR_SESSION_NOT_LOGGED_IN`.
   */
  async stepUp(options: StepUpOptions): Promise<void> {
    await this.#operations.stepUp(this.#state, options)
  }

  /** Whether the login was made under this stamp (`LoginOptions.stamp`); compared in constant time. */
  hasStamp(stamp: string | undefined): boolean {
    const { record } = this.#loaded
    return record !== undefined && isStamped(record.id, record.login, stamp)
  }

  /** The same, but a login under another stamp, or without one, is ended, told as `credentials`. */
  async verifyStamp(stamp: string | undefined): Promise<boolean> {
    return await this.#operations.verifyStamp(this.#state, stamp)
  }

  /** Ends the session everywhere at once. What is set afterwards begins a new, anonymous one. */
  async logout(): Promise<void> {
    await this.#operations.revoke(this.#state, "logout")
  }

  /** A new secret after a change of privilege (a role, a second factor); the old one ends at once (G3). */
  async rotate(): Promise<void> {
    await this.#operations.renew(this.#state)
  }

  /** Ends the session like `logout`, but told as `revoked`. */
  async revoke(): Promise<void> {
    await this.#operations.revoke(this.#state, "revoked")
  }

  /** Ends all other sessions of this user (ASVS 7.4.3); resolves to their number, of sealed ones to `NaN`: nobody knows it. */
  async revokeOthers(): Promise<number> {
    return await this.#operations.revokeOthers(this.#state)
  }

  /** Gives this session lifetimes of its own, counted from now, with the next commit; the client gets a new cookie. */
  setLifetime(options: LifetimeOptions): void {
    this.#state.assertChangeable()
    this.#operations.setLifetime(this.#state, options)
    this.#changed()
  }

  /** Names the session in lists of devices, with the next commit; 1 to 1,024 characters (`ERR_SESSION_INVALID_ARGUMENT`). */
  setLabel(label: string): void {
    checkText("the label that setLabel takes", label)
    this.#state.assertChangeable()
    this.#state.client = { ...this.#state.client, label }
    this.#state.newClient = true
    this.#changed()
  }

  /** Loads a session that a lazy route did not load; otherwise does nothing. */
  async load(): Promise<this> {
    await this.#operations.load(this.#state)
    return this
  }

  /**
   * Reads the session anew from the store, past what this node remembers; what this request has changed stays on top.
   * `ERR_SESSION_GONE` when it has ended meanwhile, `ERR_SESSION_CONFLICT` when its privileges have changed.
   */
  async reload(): Promise<this> {
    await this.#operations.reload(this.#state)
    return this
  }

  /** Stores the gathered changes now. Adapters do it before the headers leave, so a handler rarely needs to. */
  async save(): Promise<void> {
    await this.#operations.commit(this.#state)
  }

  /** Forgets the changes that have not been stored yet. */
  discard(): void {
    this.#state.discard()
  }

  get #loaded(): SessionState {
    this.#state.assertLoaded()
    return this.#state
  }

  #changed(): void {
    this.#state.exchange?.changed()
  }
}

function checkOwnKey(key: string): void {
  if (typeof key === "string" && !key.startsWith(RESERVED_PREFIX)) return
  throw new SessionError(
    "ERR_SESSION_INVALID_KEY",
    typeof key === "string"
      ? `"${key}" begins with "${RESERVED_PREFIX}", as only the library's own keys do: choose another name`
      : `a session key is a string, not a ${typeof key}`,
  )
}

export { stateOf }
