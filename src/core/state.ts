import { SessionError } from "../contract/errors.ts"
import type { ClientFacts, SessionData, SessionRecord } from "../contract/record.ts"
import type { Vault } from "./at-rest/vault.ts"
import type { Lifetimes } from "./lifetimes.ts"
import type { PendingData, ValueRules } from "./values.ts"
import { Values } from "./values.ts"

/** The response that a session belongs to, as far as the session has to know it. An adapter makes one. */
export interface Exchange {
  /** Set where a layer above knows more of it. */
  readonly kind?: "http"
  /** Whether the client can still be told of a new or ended token. */
  readonly canIssue: boolean
  /** Whether changes are still going to be committed. */
  readonly canCommit: boolean
  /** Called whenever something has become worth committing. */
  changed(): void
  /** What is known of the client; asked only when it is to be stored. */
  client(): ClientFacts
}

/** What the client must be told after a commit. */
export type Delivery =
  | {
      readonly kind: "issue"
      readonly token: string
      readonly persistent: boolean
      readonly expiresAt: number
    }
  | { readonly kind: "clear" }

/** All that a session has to commit. */
export interface PendingChanges {
  readonly data: PendingData
  readonly newLifetime: Lifetimes | undefined
  readonly newClient: boolean
}

/** A new secret that is due without a change of privilege: the hash to keep as the previous one. */
export interface DueRotation {
  readonly previousSecretHash: string
}

/** What is known of a session's request when it is opened. */
export interface Opening {
  readonly client?: ClientFacts
  readonly exchange?: Exchange
  /** `false`: this request is no use of the session (a poll, a health check), so it does not lengthen its idle life. */
  readonly touch?: boolean
  /** `true`: the token is good, but the client should be given it anew. */
  readonly reissue?: boolean
  /** `true`: the session opens for the user agent that it began with, and for no other. */
  readonly boundToUserAgent?: boolean
}

const NO_CLIENT: ClientFacts = {}
const NOTHING_KNOWN: Opening = {}

/** What a session's operations work on. The `Session` shows it to the application; the manager changes it. */
export class SessionState {
  /** The session as last read from, or written to, the store; `undefined` before it is stored and after it ended. */
  record: SessionRecord | undefined
  values: Values
  /** What decrypts the record's data, if it is encrypted at rest. */
  vault: Vault | undefined
  exchange: Exchange | undefined
  delivery: Delivery | undefined
  dueRotation: DueRotation | undefined
  newLifetime: Lifetimes | undefined
  newClient: boolean
  /** Set while the data waits for `load()`. */
  pendingToken: string | undefined
  /** Why nothing can be stored: the failure that the `anonymous` policy answered. */
  failure: SessionError | undefined
  /** Whether this request has ended the session, so that the client may be told to forget more than its token. */
  loggedOut: boolean
  /** Whether the client has changed since the login, so that the session counts as not fresh. */
  challenged: boolean
  /** The version that the client names; `undefined` where clients carry none, as one node has all sessions in memory. */
  toldVersion: number | undefined
  /** Whether the record came out of a near cache, so that the store may know a newer one. */
  recalled: boolean
  /** Whether other requests' changes came between this one's: then the record has the newest version, but not all of its data. */
  behind: boolean
  /** A session that is created here begins later than this, whatever the clock says: what began until then has been ended. */
  begunAfter: number
  /** The operation under way; operations of one session object run one after another. */
  operation: Promise<unknown> | undefined
  #newId: string | undefined
  #client: ClientFacts | undefined
  readonly opening: Opening
  readonly #rules: ValueRules
  readonly #issueId: () => string

  constructor(rules: ValueRules, issueId: () => string, opening = NOTHING_KNOWN) {
    this.opening = opening
    this.#rules = rules
    this.#issueId = issueId
    this.record = undefined
    this.values = new Values(rules, this)
    this.vault = undefined
    this.#client = opening.client
    this.exchange = opening.exchange
    this.delivery = undefined
    this.dueRotation = undefined
    this.newLifetime = undefined
    this.newClient = false
    this.pendingToken = undefined
    this.failure = undefined
    this.loggedOut = false
    this.challenged = false
    this.toldVersion = undefined
    this.recalled = false
    this.behind = false
    this.begunAfter = 0
    this.operation = undefined
    this.#newId = undefined
  }

  /** Whether this request counts as a use of the session. */
  get touches(): boolean {
    return this.opening.touch !== false
  }

  get id(): string {
    if (this.record) return this.record.id
    this.#newId ??= this.#issueId()
    return this.#newId
  }

  /** Becomes the session that a token opened. */
  adopt(record: SessionRecord): void {
    this.record = record
    this.values.rebase(this.vault ? this.vault.view(record.data) : record.data)
  }

  /** What is known of the client now, under the label that the session has. */
  get client(): ClientFacts {
    this.#client ??= this.exchange?.client() ?? NO_CLIENT
    const label = this.#client.label ?? this.record?.client.label
    return label === undefined ? this.#client : { ...this.#client, label }
  }

  /** Whether anything can be said of the client: outside of a request, nothing can. */
  get isClientKnown(): boolean {
    return this.exchange !== undefined || (this.#client ?? NO_CLIENT) !== NO_CLIENT
  }

  set client(client: ClientFacts) {
    this.#client = client
  }

  /** Whether a response must wait: for changes to be stored, or for an operation under way. */
  get dirty(): boolean {
    return this.changed || this.operation !== undefined
  }

  /** The version that the client has to be told, so that no other node shows it an older one (G5). */
  get newVersion(): number | undefined {
    if (this.toldVersion === undefined) return undefined
    const version = this.record?.version
    return version === this.toldVersion ? undefined : version
  }

  /** Whether the client has to be told of a token, of a version or of a logout. */
  get hasNews(): boolean {
    return this.delivery !== undefined || this.newVersion !== undefined || this.loggedOut
  }

  /** Notes that the client is being told. */
  told(): void {
    this.delivery = undefined
    this.loggedOut = false
    if (this.toldVersion !== undefined) this.toldVersion = this.record?.version ?? 0
  }

  /** Whether there are changes to store, or a secret is due. */
  get changed(): boolean {
    if (this.values.changed) return true
    return (
      this.record !== undefined &&
      (this.newLifetime !== undefined || this.newClient || this.dueRotation !== undefined)
    )
  }

  /** Whether the client can still be told of a token. */
  get canIssue(): boolean {
    return this.exchange === undefined || this.exchange.canIssue
  }

  /** Hands over all that is to be stored. */
  take(): PendingChanges {
    const pending = { data: this.values.take(), newLifetime: this.newLifetime, newClient: this.newClient }
    this.newLifetime = undefined
    this.newClient = false
    return pending
  }

  /** Takes back what was not stored; what was changed since stays on top. */
  restore({ data, newLifetime, newClient }: PendingChanges): void {
    this.values.restore(data)
    if (this.record) this.adopt(this.record)
    this.newLifetime ??= newLifetime
    this.newClient ||= newClient
    // A creation whose answer was lost may hold the id already.
    this.#newId = undefined
  }

  /** Forgets all that has not been stored. */
  discard(): void {
    this.values.discard()
    this.newLifetime = undefined
    this.newClient = false
    this.#forgetLabel()
  }

  /** Becomes a session that is not stored yet: another id, no data but what is given. */
  startAnew(data?: SessionData): void {
    this.record = undefined
    this.challenged = false
    this.vault = undefined
    this.#newId = undefined
    this.dueRotation = undefined
    this.newLifetime = undefined
    this.newClient = false
    this.#forgetLabel()
    this.values = new Values(this.#rules, this)
    if (data) this.values.restore({ set: data, unset: [] })
  }

  #forgetLabel(): void {
    if (!this.#client) return
    const { label: _, ...facts } = this.#client
    this.#client = facts
  }

  assertLoaded(): void {
    if (this.pendingToken === undefined) return
    throw new SessionError(
      "ERR_SESSION_NOT_LOADED",
      "this route loads its session lazily: `await session.load()` before reading or changing it",
    )
  }

  /** Refuses what needs the store when the store has failed. */
  assertStorable(): void {
    this.assertLoaded()
    if (this.failure) throw this.failure
  }

  /** Refuses a change that could not be stored, or whose token could not reach the client. */
  assertChangeable(): void {
    this.assertStorable()
    if (!this.exchange) return
    if (!this.exchange.canCommit) throw tooLate("the response has ended")
    if (!this.record && !this.exchange.canIssue)
      throw tooLate("a new session needs a cookie, and the headers have left")
  }

  /** Refuses an operation that issues or ends a token when the client can no longer be told. */
  assertIssuable(): void {
    this.assertStorable()
    if (!this.canIssue) throw tooLate("the headers have left")
  }
}

const tooLate = (what: string): SessionError =>
  new SessionError("ERR_SESSION_HEADERS_SENT", `${what}: change the session before the response begins`)
