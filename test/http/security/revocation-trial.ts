import type { TestContext } from "node:test"
import type { OpenOptions } from "../../../src/core/manager.ts"
import type { Session } from "../../../src/core/session.ts"
import {
  generateKey,
  RevocableSealedSessions,
  type RevocableSealedSessionsOptions,
} from "../../../src/index.ts"
import { ManualClock } from "../../../src/testing/index.ts"
import { TappedStore } from "../../promises/tapped-store.ts"
import { ReferenceStore } from "../../testing/reference-store.ts"

type Options = Partial<RevocableSealedSessionsOptions>
export const key = generateKey()
export const HOUR = 3_600_000

/** A list in a store that is not immediate, a clock that stands still, and nodes that share them. */
export function trial(t: TestContext) {
  const clock = new ManualClock()
  const store = new ReferenceStore(clock.now)
  const list = new TappedStore(store)
  const node = (options: Options = {}) => {
    const made = new RevocableSealedSessions({
      keys: [key],
      revocations: list,
      now: clock.now,
      idleTimeout: "1h",
      absoluteTimeout: "4h",
      sweepInterval: false,
      ...options,
    })
    t.after(() => made.close())
    return made
  }
  return { clock, store, list, node }
}

export async function login(sessions: RevocableSealedSessions, user = "anna"): Promise<Session> {
  const session = await sessions.open(undefined)
  await session.login(user)
  return session
}

export const open = async (
  sessions: RevocableSealedSessions,
  token?: string,
  options?: OpenOptions,
): Promise<Session> => await sessions.open(token, options)

export const userOf = async (sessions: RevocableSealedSessions, token: string) =>
  (await open(sessions, token)).userId
export const opens = async (sessions: RevocableSealedSessions, token: string) =>
  (await open(sessions, token)).isStored
