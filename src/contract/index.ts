/** The seam, for whoever writes a store: `import type { SessionStore } from "sojourn/contract"`. */

export { type Applied, applyChange, liveData } from "./apply-change.ts"
export { applyHit } from "./apply-hit.ts"
export * from "./change.ts"
export { isSessionError, SessionError, type SessionErrorCode } from "./errors.ts"
export type * from "./feed.ts"
export type * from "./hit.ts"
export type * from "./record.ts"
export * from "./store.ts"
