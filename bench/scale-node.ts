/** One node of several: it joins a store, serves sessions as fast as it can, and leaves again. */
import { setTimeout as delay } from "node:timers/promises"
import { createSessions, type Sessions } from "../src/index.ts"
import { answering } from "./child.ts"
import { perSecond } from "./concurrency.ts"

export type Question =
  | { readonly kind: "join"; readonly url: string; readonly tokens: readonly string[] }
  | { readonly kind: "serve"; readonly seconds: number }
  | { readonly kind: "leave" }

/** What a node did in a second, and what a request cost it in microseconds of processor time. */
export interface Served {
  readonly requests: number
  readonly notices: number
  readonly processorTime: number
  /** The share of its requests whose session was in memory, and good, in percent. */
  readonly recalled: number
}

const IN_FLIGHT = 16
/** One request of so many changes its session. */
const WRITES = 10

let sessions: Sessions | undefined
let tokens: readonly string[] = []
let turn = 0

async function request(): Promise<void> {
  const session = await sessions?.open(tokens[Math.floor(Math.random() * tokens.length)])
  if (!session?.isStored) throw new Error("a node does not know a session")
  if (++turn % WRITES === 0) {
    session.set("visits", turn)
    await session.save()
  } else session.get("visits")
}

const counted = (name: string): number => sessions?.metrics().counters["nearCache"]?.[name] ?? 0

async function serve(seconds: number): Promise<Served> {
  const [notices, hits] = [counted("noticesReceived"), counted("hits")]
  const [cpu, start] = [process.cpuUsage(), performance.now()]
  const requests = await perSecond(request, seconds, IN_FLIGHT)
  const elapsed = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return {
    requests,
    notices: (counted("noticesReceived") - notices) / elapsed,
    recalled: (100 * (counted("hits") - hits)) / (requests * elapsed),
    processorTime: (user + system) / (requests * elapsed),
  }
}

async function join(question: Question & { readonly kind: "join" }): Promise<void> {
  tokens = question.tokens
  sessions = await createSessions({ store: question.url, sweepInterval: false })
  const known = sessions
  // The near cache forgets what it has read before its feed was heard.
  await delay(300)
  await Promise.all(tokens.map(async token => await known.open(token)))
}

answering(async (question: Question) => {
  if (question.kind === "serve") return await serve(question.seconds)
  if (question.kind === "join") await join(question)
  else await sessions?.close()
  return "done"
})
