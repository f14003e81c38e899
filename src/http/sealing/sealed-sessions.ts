import { SessionError } from "../../contract/errors.ts"
import { SealedManager, type SealedManagerOptions, type SealedSession } from "../../core/sealed-manager.ts"
import { resolveCookie } from "../cookie-options.ts"
import type { UnsafeRequest } from "../csrf/origin.ts"
import { Edge, type EdgeOptions } from "../edge.ts"
import type { HttpSessions } from "../http-sessions.ts"
import type { TokenProtection } from "../token-protection.ts"
import { recordSeal } from "./record-seal.ts"

export interface SealedSessionsOptions<Data extends object = Record<string, unknown>>
  extends SealedManagerOptions<Data>,
    Omit<EdgeOptions, "token" | "keys" | "carriers" | "issueBy"> {
  /** The application's keys, newest first: each 32 random bytes as base64url, see `generateKey`. */
  readonly keys: readonly string[]
}

/** Sessions in a cookie, served over HTTP by the same adapters as those of a store. */
export class SealedSessions<Data extends object = Record<string, unknown>>
  extends SealedManager<Data>
  implements HttpSessions<SealedSession<Data>>
{
  readonly edge: Edge

  /** Weak or missing keys, and options that need a store, throw `ERR_SESSION_CONFIG`. */
  constructor(options: SealedSessionsOptions<Data>) {
    const { keys, cookie, csrf, trustProxy, clearSiteData, ...managing } = options
    if ("store" in options) throw withStore()
    super(recordSeal(keys, resolveCookie(cookie).name), managing)
    const edge: EdgeOptions = {
      ...(cookie && { cookie }),
      ...(csrf !== undefined && { csrf }),
      ...(trustProxy !== undefined && { trustProxy }),
      ...(clearSiteData !== undefined && { clearSiteData }),
    }
    this.edge = new Edge(edge, options.now, wholeSession)
  }

  assertSameOrigin(request: UnsafeRequest): void {
    this.edge.assertSameOrigin(request, event => this.report("crossOrigin", event))
  }
}

/** The seal is all the protection there is: the carrier passes the text on. */
const wholeSession: TokenProtection = {
  wrap: token => token,
  open: token => ({ token, stale: false }),
}

const withStore = (): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    "sealed sessions have no store: leave store out, or use createSessions to keep sessions in it",
  )
