/** One node of several: it watches sessions until it refuses them, or revokes them. */
import { setTimeout as delay } from "node:timers/promises"
import { createClient } from "redis"
import type { SessionStore } from "../src/contract/store.ts"
import { createSessions, type Session } from "../src/index.ts"
import { createPostgresStore } from "../src/stores/postgres/index.ts"
import { createRedisStore } from "../src/stores/redis/index.ts"
import { answering } from "./child.ts"

export type Question =
  /** Reads the sessions, so that they are in memory. */
  | { readonly kind: "know"; readonly tokens: readonly string[] }
  /** Reads each of them so often, in milliseconds, until it is refused; answers with a {@link Watched} for each. */
  | { readonly kind: "watch"; readonly tokens: readonly string[]; readonly every: number }
  /** Revokes one after another, so many milliseconds apart; answers with the times of the acknowledgements. */
  | { readonly kind: "revoke"; readonly ids: readonly string[]; readonly apart: number }

/** Times of this machine, in milliseconds: alike for all of its processes. */
export interface Watched {
  /** When the last read that was answered began. */
  readonly served: number
  /** When the first one was refused. */
  readonly refused: number
}

const [url = "", feedUrl = ""] = process.argv.slice(2)
const sessions = await createSessions({ store: await storeOf(), sweepInterval: false })

/** The feed has a way of its own to the server, which may be broken without the other. */
async function storeOf(): Promise<SessionStore> {
  if (url.startsWith("postgres")) return await createPostgresStore({ url, listenUrl: feedUrl })
  const addressOf = ({ hostname: host, port }: URL) => ({ host, port: Number(port) })
  const pattern = createClient({ socket: addressOf(new URL(url)) })
  // The store duplicates the pattern for its calls, and what it has duplicated for the feed.
  const duplicateForCalls = pattern.duplicate.bind(pattern)
  pattern.duplicate = overrides => {
    const calling = duplicateForCalls(overrides)
    const duplicateForFeed = calling.duplicate.bind(calling)
    calling.duplicate = more =>
      duplicateForFeed({ ...more, socket: { ...more?.socket, ...addressOf(new URL(feedUrl)) } })
    return calling
  }
  return await createRedisStore({ client: pattern })
}

const now = (): number => Number(process.hrtime.bigint()) / 1e6

async function watch(tokens: readonly string[], every: number): Promise<Watched[]> {
  return await Promise.all(
    tokens.map(async (token): Promise<Watched> => {
      for (let served = 0; ; await delay(every)) {
        const asked = now()
        const opened: Session | Promise<Session> = sessions.open(token)
        const session = opened instanceof Promise ? await opened : opened
        if (!session.isStored) return { served, refused: now() }
        served = asked
      }
    }),
  )
}

async function revoke(ids: readonly string[], apart: number): Promise<number[]> {
  const acknowledged: number[] = []
  for (const id of ids) {
    await delay(apart)
    if (!(await sessions.revoke(id))) throw new Error("a session had ended before it was revoked")
    acknowledged.push(now())
  }
  return acknowledged
}

answering(async (question: Question) => {
  if (question.kind === "watch") return await watch(question.tokens, question.every)
  if (question.kind === "revoke") return await revoke(question.ids, question.apart)
  await Promise.all(question.tokens.map(async token => await sessions.open(token)))
  return "done"
})
