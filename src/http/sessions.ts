import type { SessionStore } from "../contract/store.ts"
import { SessionManager } from "../core/manager.ts"
import type { ManagerOptions } from "../core/options.ts"
import { Edge, type EdgeOptions } from "./edge.ts"

/** A manager with all that an adapter needs to serve its sessions over HTTP. */
export class Sessions<Data extends object = Record<string, unknown>> extends SessionManager<Data> {
  readonly edge: Edge

  constructor(store: SessionStore, options: ManagerOptions<Data> & EdgeOptions = {}) {
    const { cookie, trustProxy, ...managing } = options
    const edge = new Edge(
      { ...(cookie && { cookie }), ...(trustProxy !== undefined && { trustProxy }) },
      options.now,
    )
    super(store, managing)
    this.edge = edge
  }
}
