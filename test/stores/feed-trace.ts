import type { FeedObserver, Notice } from "../../src/contract/feed.ts"
import { eventually } from "../services/eventually.ts"

/** Writes down what an observer is told. */
export class Trace implements FeedObserver {
  /** All but the heartbeats. */
  readonly told: (Notice | "connected" | "disconnected")[] = []
  readonly reasons: unknown[] = []
  readonly heartbeats: number[] = []

  connected(): void {
    this.told.push("connected")
  }

  disconnected(reason?: unknown): void {
    this.told.push("disconnected")
    this.reasons.push(reason)
  }

  heartbeat(sentAt: number): void {
    this.heartbeats.push(sentAt)
  }

  notice(notice: Notice): void {
    this.told.push(notice)
  }

  get notices(): Notice[] {
    return this.told.filter(each => typeof each !== "string")
  }

  count(what: "connected" | "disconnected"): number {
    return this.told.filter(each => each === what).length
  }

  async connections(times: number): Promise<void> {
    await eventually(`${times} connections`, () => this.count("connected") >= times)
  }

  async nextHeartbeat(): Promise<void> {
    const before = this.heartbeats.length
    await eventually("a heartbeat", () => this.heartbeats.length > before)
  }
}
