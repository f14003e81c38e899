import type { Change, Outcome } from "./change.ts"
import type { Feed, FeedObserver, FeedOptions } from "./feed.ts"
import type { Hit, HitOutcome } from "./hit.ts"
import type { SessionRecord } from "./record.ts"

/**
 * A storage driver. It has no policy: it keeps records and applies changes. It judges liveness by its clock
 * ({@link StoreContext.now}): a record is live while `now < expiresAt`. Every call rejects only on system failure, with a
 * `SessionError` of code `ERR_SESSION_STORE_UNAVAILABLE` (or a more exact one) and the original as `cause`.
 */
export interface SessionStore {
  /** One answer per id, in order; missing, expired or malformed is `undefined`. Never throws for any text. */
  find(ids: readonly string[], signal?: AbortSignal): Promise<(SessionRecord | undefined)[]>
  /**
   * Each change is atomic and is durable once this resolves; one outcome per change, in order. Changes of one session
   * apply in the order given. A rejection means that the outcome of every change in the call is unknown.
   */
  apply(changes: readonly Change[], signal?: AbortSignal): Promise<Outcome[]>
  /** Removes at most `limit` records that expired at or before `now`; resolves to their ids. Safe on many nodes at once. */
  sweep(now: number, limit: number): Promise<readonly string[]>
  /** Makes all acknowledged changes durable and frees every resource. A second call does nothing. */
  close(): Promise<void>
}

/** Capability: answers at once from this process's memory, so that reading costs no promise. */
export interface ImmediateStore extends SessionStore {
  /** The same answer as `find([id])`. */
  findNow(id: string): SessionRecord | undefined
}

/** Capability: an index of live sessions by their user. */
export interface UserIndexedStore extends SessionStore {
  /** The user's live sessions, oldest authentication first, then by id. */
  findByUser(userId: string, signal?: AbortSignal): Promise<SessionRecord[]>
  countByUser(userId: string, signal?: AbortSignal): Promise<number>
  /** Revokes the user's sessions in one atomic step, but for the id `except`; resolves to the ids revoked. */
  revokeByUser(userId: string, except?: string, signal?: AbortSignal): Promise<readonly string[]>
}

/** Capability: an index of live sessions by the identity provider's session that they came from. */
export interface ExternallyIndexedStore extends SessionStore {
  /** Revokes all live sessions with this `login.externalId` in one atomic step; resolves to the ids revoked. */
  revokeByExternalId(externalId: string, signal?: AbortSignal): Promise<readonly string[]>
}

/** Capability: counts uses in sliding windows, for rate limits. Its `sweep` removes what no window reaches any more, too. */
export interface HitCountingStore extends SessionStore {
  /** Judges and counts each hit in one atomic step, in order, as `applyHit` says; one outcome per hit. */
  hit(hits: readonly Hit[], signal?: AbortSignal): Promise<HitOutcome[]>
}

/** Capability: tells what other nodes change. */
export interface ObservableStore extends SessionStore {
  /** Begins to listen, in the background; reconnects by itself until closed. Closing the store closes the feed too. */
  observe(observer: FeedObserver, options: FeedOptions): Feed
}

/** Capability: keeps records of another store in memory. Its `find` is answered by that store, always. */
export interface CachingStore extends SessionStore {
  /**
   * What memory holds of the session, if it may be trusted now and is at least of that version. `undefined` means that only
   * the store can tell.
   */
  recall(id: string, version: number): SessionRecord | undefined
  /** What `load` reads, which concurrent calls for one session share, and which is kept in memory. */
  fill(
    id: string,
    version: number,
    load: () => Promise<SessionRecord | undefined>,
  ): Promise<SessionRecord | undefined>
}

/**
 * Capability: works on several calls at once, so that one travels while another is being worked on. Of changes by `apply`,
 * no two calls of one manager that are under way are about the same session.
 */
export interface ParallelStore extends SessionStore {
  /** How many calls of a kind pay for themselves. */
  readonly parallelCalls: number
}

/** Groups of counts since the start, or of what is held now, by the name of the part that counts. */
export type Counters = Readonly<Record<string, Readonly<Record<string, number>>>>

/** Capability: counts what it does, for an operator's eyes. */
export interface MeasuredStore extends SessionStore {
  counters(): Counters
}

/** Capability: counts of live sessions. */
export interface CountingStore extends SessionStore {
  /** Live sessions, anonymous ones included. */
  countLive(signal?: AbortSignal): Promise<number>
  /** Distinct users with a live session whose `lastSeenAt` is at or after `since`. */
  countUsersSeen(since: number, signal?: AbortSignal): Promise<number>
}

/** Capability: ends every session at once. */
export interface ClearableStore extends SessionStore {
  /** Revokes all sessions; resolves to how many were live. */
  revokeAll(signal?: AbortSignal): Promise<number>
}

export const isImmediate = (store: SessionStore): store is ImmediateStore => "findNow" in store
export const isUserIndexed = (store: SessionStore): store is UserIndexedStore => "findByUser" in store
export const isExternallyIndexed = (store: SessionStore): store is ExternallyIndexedStore =>
  "revokeByExternalId" in store
export const isHitCounting = (store: SessionStore): store is HitCountingStore => "hit" in store
export const isObservable = (store: SessionStore): store is ObservableStore => "observe" in store
export const isCaching = (store: SessionStore): store is CachingStore => "recall" in store
export const isParallel = (store: SessionStore): store is ParallelStore => "parallelCalls" in store
export const isMeasured = (store: SessionStore): store is MeasuredStore => "counters" in store
export const isCounting = (store: SessionStore): store is CountingStore => "countLive" in store
export const isClearable = (store: SessionStore): store is ClearableStore => "revokeAll" in store

/** What a store is given when it is opened. */
export interface StoreContext {
  /** The clock, in milliseconds since 1970. Injected, so that tests own time. */
  readonly now: () => number
}

/**
 * Opens a store. It is given the URL's text as it was written, since relative paths do not survive `new URL`. A wrong
 * URL or option throws `ERR_SESSION_CONFIG`, and says what to do.
 */
export type StoreFactory = (url: string, context: StoreContext) => SessionStore | Promise<SessionStore>
