import { Child } from "./child.ts"
import { spreadOf } from "./measure.ts"
import type { Question } from "./memory-holder.ts"
import type { Finding, Part, Target } from "./report.ts"

/**
 * What a session takes in memory. Ours has the secret's hash, all times and the index by user beside the data; that of
 * express-session has the attributes of its cookie.
 */
export async function measureMemory(quick: boolean): Promise<Part> {
  const sessions = quick ? 100_000 : 1_000_000
  const anonymous = await compare(sessions, false)
  const loggedIn = await compare(sessions, true, { atMost: 75 })
  return {
    title: `Memory: ${sessions.toLocaleString("en-US")} sessions of 100 bytes`,
    findings: [...anonymous, ...loggedIn],
  }
}

async function compare(sessions: number, loggedIn: boolean, target?: Target): Promise<Finding[]> {
  const peer = await bytesOf({ holder: "express-session", sessions, loggedIn })
  const own = await bytesOf({ holder: "sojourn", sessions, loggedIn })
  const kind = loggedIn ? "with a user" : "anonymous"
  return [
    { what: `express-session MemoryStore, ${kind}`, unit: "bytes", figure: spreadOf([peer]) },
    { what: `sojourn memory store, ${kind}`, unit: "bytes", figure: spreadOf([own]) },
    {
      what: `sojourn, of express-session, ${kind}`,
      unit: "%",
      figure: spreadOf([(100 * own) / peer]),
      ...(target && { target }),
    },
  ]
}

async function bytesOf(question: Question): Promise<number> {
  await using child = await Child.start("memory-holder.ts", [], { flags: ["--expose-gc"] })
  return await child.ask(question)
}
