/** Fills one memory store, and tells how many bytes a session takes there. Needs `--expose-gc`. */
import { randomBytes } from "node:crypto"
import type { Login } from "../src/contract/record.ts"
import { createMemoryStore } from "../src/stores/memory/index.ts"
import { answering } from "./child.ts"
import { expressSession } from "./peers.ts"
import { recordOf } from "./records.ts"

export interface Question {
  readonly holder: "sojourn" | "express-session"
  readonly sessions: number
  /** Whether a user is logged in. */
  readonly loggedIn: boolean
}

/** Makes session number `n`. */
type Fill = (n: number) => unknown

const HOUR = 3_600_000
/** 100 bytes as JSON. */
const data = (n: number) => ({ note: String(n).padStart(89, "x") })
const dataOf = (n: number) => new Map([["data", { text: JSON.stringify(data(n)) }]])
const loginOf = (n: number): Login => ({
  userId: `user-${n}`,
  authenticatedAt: Date.now(),
  methods: [{ name: "pwd", at: Date.now() }],
})

async function fillerOf({ holder, sessions, loggedIn }: Question): Promise<Fill> {
  const login = (n: number) => (loggedIn ? loginOf(n) : undefined)
  if (holder === "sojourn") {
    const store = createMemoryStore({ maxSessions: sessions + 1, maxBytes: 8 * 1024 ** 3 })
    return n => store.apply([{ kind: "create", record: recordOf({ login: login(n), data: dataOf(n) }) }])
  }
  const { MemoryStore } = await expressSession()
  const store = new MemoryStore()
  return n => store.set(randomBytes(24).toString("base64url"), sessionOf(n, login(n)))
}

/** As express-session keeps it, with the cookie's attributes as ours has them. */
function sessionOf(n: number, login: Login | undefined): object {
  const expires = new Date(Date.now() + HOUR)
  const cookie = { originalMaxAge: HOUR, expires, secure: true, httpOnly: true, path: "/", sameSite: "lax" }
  return { cookie, login, ...data(n) }
}

/** What is in use after everything unused has been collected. */
function bytesInUse(): number {
  for (let time = 0; time < 3; time++) globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

answering(async (question: Question): Promise<number> => {
  const fill = await fillerOf(question)
  const before = bytesInUse()
  for (let n = 0; n < question.sessions; n++) await fill(n)
  const bytes = (bytesInUse() - before) / question.sessions
  // One more, so that what was filled outlives the measurement.
  await fill(question.sessions)
  return bytes
})
