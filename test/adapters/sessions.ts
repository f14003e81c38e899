import type { IncomingMessage, ServerResponse } from "node:http"
import type { ManagerOptions } from "../../src/core/options.ts"
import type { Session } from "../../src/core/session.ts"
import type { EdgeOptions } from "../../src/http/edge.ts"
import { Sessions } from "../../src/http/sessions.ts"
import { SpyStore } from "./spy-store.ts"

/** What `withSession` is given. */
export type Handler = (request: IncomingMessage, response: ServerResponse, session: Session) => unknown

interface Given {
  readonly sessions: Sessions
  readonly store: SpyStore
}

/** Sessions over plain http with a spying store. */
export function spied(options: ManagerOptions & EdgeOptions = {}): Given {
  const store = new SpyStore()
  const sessions = new Sessions(store, { cookie: { secure: false }, sweepInterval: false, ...options })
  return { sessions, store }
}
