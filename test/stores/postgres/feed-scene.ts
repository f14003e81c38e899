import type { TestContext } from "node:test"
import { setImmediate as nextTurn } from "node:timers/promises"
import type { Feed, Notice } from "../../../src/contract/feed.ts"
import { type ListenFeedOptions, openListenFeed } from "../../../src/stores/postgres/feed.ts"
import { Trace } from "../feed-trace.ts"
import { FakeDatabase } from "./feed-fake.ts"

export const INTERVAL = 100
export const REVOKED: Notice = { kind: "revoked", id: "AbCdEfGhIjKlMnOpQrSt-_" }

export interface Scene {
  readonly database: FakeDatabase
  readonly trace: Trace
  readonly feed: Feed
  /** Lets the time pass, and then all that follows from it. */
  pass(milliseconds: number): Promise<void>
}

/** A feed whose time stands still until it is told to pass. */
export async function scene(
  t: TestContext,
  options: Partial<ListenFeedOptions> = {},
  database = new FakeDatabase(),
): Promise<Scene> {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] })
  const trace = new Trace()
  const feed = openListenFeed({
    connect: database.connect,
    publish: database.publish,
    channel: "channel",
    observer: trace,
    heartbeatInterval: INTERVAL,
    random: () => 0,
    ...options,
  })
  t.after(() => feed.close())
  await nextTurn()
  const pass = async (milliseconds: number): Promise<void> => {
    t.mock.timers.tick(milliseconds)
    await nextTurn()
    await nextTurn()
  }
  return { database, trace, feed, pass }
}

export async function intervals({ pass }: Scene, count: number): Promise<void> {
  for (let passed = 0; passed < count; passed++) await pass(INTERVAL)
}

export function refusing(): FakeDatabase {
  const database = new FakeDatabase()
  database.connectError = new Error("refused")
  return database
}

export const silent = (): FakeDatabase => Object.assign(new FakeDatabase(), { delivers: false })
