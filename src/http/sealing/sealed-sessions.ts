import { SessionError } from "../../contract/errors.ts"
import { SealedManager, type SealedManagerOptions, type SealedSession } from "../../core/sealed-manager.ts"
import type { UnsafeRequest } from "../csrf/origin.ts"
import type { Edge } from "../edge.ts"
import type { HttpSessions } from "../http-sessions.ts"
import { type SealedEdgeOptions, sealedEdge } from "./sealed-edge.ts"

export interface SealedSessionsOptions<Data extends object = Record<string, unknown>>
  extends SealedManagerOptions<Data>,
    SealedEdgeOptions {}

/** Sessions in a cookie, served over HTTP by the same adapters as those of a store. */
export class SealedSessions<Data extends object = Record<string, unknown>>
  extends SealedManager<Data>
  implements HttpSessions<SealedSession<Data>>
{
  readonly edge: Edge

  /** Weak or missing keys, and options that need a store, throw `ERR_SESSION_CONFIG`. */
  constructor(options: SealedSessionsOptions<Data>) {
    if ("store" in options) throw withStore()
    if ("revocations" in options) throw withList()
    const { edge, seal, managing } = sealedEdge(options)
    super(seal, managing)
    this.edge = edge
  }

  assertSameOrigin(request: UnsafeRequest): void {
    this.edge.assertSameOrigin(request, event => this.report("crossOrigin", event))
  }
}

const withStore = (): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    "sealed sessions have no store: leave store out, or use createSessions to keep sessions in it",
  )

const withList = (): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    "SealedSessions ask nobody whether a session has ended: leave revocations out, or use RevocableSealedSessions",
  )
