/** Reads and changes the sessions of one database. */
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import type { Login } from "../src/contract/record.ts"
import { Batcher } from "../src/core/batcher.ts"
import { Meters } from "../src/core/meter.ts"
import { createSqliteStore } from "../src/stores/sqlite/index.ts"
import { answering } from "./child.ts"
import { perSecond } from "./concurrency.ts"
import { recordOf } from "./records.ts"
import type { Durability, Question } from "./sqlite.ts"

const SESSIONS = 20_000
const DATA = new Map([
  ["note", { text: JSON.stringify("x".repeat(89)) }],
  ["visits", { text: "0" }],
])
const loginOf = (n: number): Login => ({
  userId: `user-${n >> 1}`,
  authenticatedAt: Date.now(),
  methods: [{ name: "pwd", at: Date.now() }],
})

const [durability, directory = ""] = process.argv.slice(2)
const store = await createSqliteStore({
  path: join(directory, `${durability}.db`),
  durability: (durability === "normal" ? durability : "full") satisfies Durability,
})
const batcher = new Batcher(store, 5000, SESSIONS, new Meters())
const ids = Array.from({ length: SESSIONS }, () => randomBytes(16).toString("base64url"))
await Promise.all(
  ids.map((id, n) =>
    batcher.apply({ kind: "create", record: recordOf({ id, login: loginOf(n), data: DATA }) }),
  ),
)
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

answering(({ measure, seconds }: Question) =>
  measure === "find" ? findTime(seconds * 1000) : perSecond(changeOneKey, seconds),
)
