/** Reads and changes the sessions of one database. */
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import type { SessionRecord } from "../src/contract/record.ts"
import { Batcher } from "../src/core/batcher.ts"
import { createSqliteStore } from "../src/stores/sqlite/index.ts"
import { answering } from "./child.ts"
import { perSecond } from "./concurrency.ts"
import type { Durability, Question } from "./sqlite.ts"

const SESSIONS = 20_000
const HOUR = 3_600_000
const NOTE = { text: JSON.stringify("x".repeat(89)) }

const [durability, directory = ""] = process.argv.slice(2)
const store = await createSqliteStore({
  path: join(directory, `${durability}.db`),
  durability: (durability === "normal" ? durability : "full") satisfies Durability,
})
const batcher = new Batcher(store, 5000, SESSIONS)
const ids = Array.from({ length: SESSIONS }, () => randomBytes(16).toString("base64url"))
await Promise.all(ids.map((id, n) => batcher.apply({ kind: "create", record: recordOf(id, n) })))
let turn = 0

/** Microseconds of processor time. */
function findTime(milliseconds: number): number {
  const end = performance.now() + milliseconds
  const before = process.cpuUsage()
  let found = 0
  while (performance.now() < end) if (store.findNow(nextId())) found++
  const { user, system } = process.cpuUsage(before)
  return (user + system) / found
}

const changeOneKey = () =>
  batcher.apply({
    kind: "patch",
    id: nextId(),
    epoch: 1,
    set: new Map([["visits", { text: String(turn) }]]),
    unset: [],
  })

/** No two in flight are of one session. */
function nextId(): string {
  turn += 7919
  return ids[turn % SESSIONS] ?? ""
}

function recordOf(id: string, n: number): SessionRecord {
  const now = Date.now()
  return {
    id,
    secretHash: randomBytes(32).toString("base64url"),
    previous: undefined,
    epoch: 1,
    version: 1,
    generation: 1,
    createdAt: now,
    rotatedAt: now,
    lastSeenAt: now,
    idleTimeout: HOUR,
    absoluteExpiresAt: now + 24 * HOUR,
    expiresAt: now + HOUR,
    persistent: false,
    login: { userId: `user-${n >> 1}`, authenticatedAt: now, methods: ["pwd"] },
    client: {},
    data: new Map([
      ["note", NOTE],
      ["visits", { text: "0" }],
    ]),
  }
}

answering(({ measure, seconds }: Question) =>
  measure === "find" ? findTime(seconds * 1000) : perSecond(changeOneKey, seconds),
)
