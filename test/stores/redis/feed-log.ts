import type { FeedObserver, Notice } from "../../../src/contract/feed.ts"

export type FeedEvent =
  | { readonly kind: "connected" }
  | { readonly kind: "disconnected"; readonly reason: unknown }
  | { readonly kind: "heartbeat"; readonly sentAt: number }
  | { readonly kind: "notice"; readonly notice: Notice }

/** An observer that writes down all that it is told. */
export class FeedLog implements FeedObserver {
  readonly events: FeedEvent[] = []

  connected(): void {
    this.events.push({ kind: "connected" })
  }

  disconnected(reason?: unknown): void {
    this.events.push({ kind: "disconnected", reason })
  }

  heartbeat(sentAt: number): void {
    this.events.push({ kind: "heartbeat", sentAt })
  }

  notice(notice: Notice): void {
    this.events.push({ kind: "notice", notice })
  }

  count(kind: FeedEvent["kind"]): number {
    return this.events.filter(event => event.kind === kind).length
  }

  /** Connections and their ends alone. */
  get transitions(): string[] {
    return this.events.map(({ kind }) => kind).filter(kind => kind.endsWith("connected"))
  }

  get isConnected(): boolean {
    return this.transitions.at(-1) === "connected"
  }

  get notices(): Notice[] {
    return this.events.flatMap(event => (event.kind === "notice" ? [event.notice] : []))
  }

  get heartbeats(): number[] {
    return this.events.flatMap(event => (event.kind === "heartbeat" ? [event.sentAt] : []))
  }

  get reasons(): string[] {
    return this.events.flatMap(event => (event.kind === "disconnected" ? [String(event.reason)] : []))
  }

  /** How many times it was told of a gap that has ended since. */
  get recoveries(): number {
    return this.transitions.filter((kind, at, all) => kind === "connected" && all[at - 1] === "disconnected")
      .length
  }
}
