import {
  RevocableManager,
  type RevocableSealedSession,
  type RevocationOptions,
} from "../../core/revocable-manager.ts"
import type { SealedManagerOptions } from "../../core/sealed-manager.ts"
import type { UnsafeRequest } from "../csrf/origin.ts"
import type { Edge } from "../edge.ts"
import type { HttpSessions } from "../http-sessions.ts"
import { type SealedEdgeOptions, sealedEdge } from "./sealed-edge.ts"

export interface RevocableSealedSessionsOptions<Data extends object = Record<string, unknown>>
  extends SealedManagerOptions<Data>,
    SealedEdgeOptions,
    RevocationOptions {}

/** Sessions in a cookie that can be ended all the same: a store keeps a list of those that have. */
export class RevocableSealedSessions<Data extends object = Record<string, unknown>>
  extends RevocableManager<Data>
  implements HttpSessions<RevocableSealedSession<Data>>
{
  readonly edge: Edge

  /** Weak or missing keys, and options that need sessions in a store, throw `ERR_SESSION_CONFIG`. */
  constructor(options: RevocableSealedSessionsOptions<Data>) {
    const { edge, seal, managing } = sealedEdge(options)
    super(seal, managing)
    this.edge = edge
  }

  assertSameOrigin(request: UnsafeRequest): void {
    this.edge.assertSameOrigin(request, event => this.report("crossOrigin", event))
  }
}
