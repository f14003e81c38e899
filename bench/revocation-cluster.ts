import { setTimeout as delay } from "node:timers/promises"
import { stateOf } from "../src/core/session.ts"
import { createSessions } from "../src/index.ts"
import type { FaultProxy } from "../test/services/fault-proxy.ts"
import { Child } from "./child.ts"
import type { Question, Watched } from "./revocation-node.ts"

/** Milliseconds from the acknowledgement, one for each revocation and watching node. */
export interface Delays {
  readonly served: number[]
  readonly refused: number[]
}

export interface Begun {
  readonly id: string
  readonly token: string
}

export interface RevocationPlan {
  /** Milliseconds between two reads of a session. */
  readonly every: number
  /** Milliseconds between two revocations. */
  readonly apart: number
  /** Called when all nodes know the sessions. */
  readonly before?: () => void
}

/** Long enough for every feed to be heard, and for the code of the first reads to be compiled. */
const START_UP = 1_000

/** A node that revokes, and others that watch, each with a link of its own for its feed. */
export class RevocationCluster implements AsyncDisposable {
  readonly links: readonly FaultProxy[]
  readonly #url: string
  readonly #revoker: Child
  readonly #watchers: readonly Child[]

  private constructor(url: string, links: readonly FaultProxy[], revoker: Child, watchers: readonly Child[]) {
    this.#url = url
    this.links = links
    this.#revoker = revoker
    this.#watchers = watchers
  }

  static async start(url: string, links: readonly FaultProxy[]): Promise<RevocationCluster> {
    const node = (feedUrl: string) => Child.start("revocation-node.ts", [url, feedUrl])
    const watchers = await Promise.all(links.map(link => node(link.via(url))))
    const cluster = new RevocationCluster(url, links, await node(url), watchers)
    await delay(START_UP)
    return cluster
  }

  /** Begins so many sessions, of which no node has heard. */
  async begin(count: number): Promise<readonly Begun[]> {
    await using sessions = await createSessions({ store: this.#url, nearCache: false, sweepInterval: false })
    const one = async (): Promise<Begun> => {
      const session = await sessions.open(undefined)
      session.set("visits", 0)
      await session.save()
      const { delivery } = stateOf(session)
      return { id: session.id, token: delivery?.kind === "issue" ? delivery.token : "" }
    }
    return await Promise.all(Array.from({ length: count }, one))
  }

  /** Lets all nodes read the sessions, and revokes them; resolves when every watcher refuses all of them. */
  async revoke(begun: readonly Begun[], { every, apart, before }: RevocationPlan): Promise<Delays> {
    const tokens = begun.map(({ token }) => token)
    await this.#all({ kind: "know", tokens })
    before?.()
    const watching = this.#all<Watched[]>({ kind: "watch", tokens, every })
    const order: Question = { kind: "revoke", ids: begun.map(({ id }) => id), apart }
    const acknowledged = await this.#revoker.ask<number[]>(order)
    const watched = await watching
    const after = (of: keyof Watched) =>
      watched.flatMap(each => each.map((times, n) => Math.max(times[of] - (acknowledged[n] ?? 0), 0)))
    return { served: after("served"), refused: after("refused") }
  }

  #all<Answer>(question: Question): Promise<Answer[]> {
    return Promise.all(this.#watchers.map(watcher => watcher.ask<Answer>(question)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [this.#revoker, ...this.#watchers]) await child[Symbol.asyncDispose]()
  }
}
