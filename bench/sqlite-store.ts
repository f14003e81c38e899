/**
 * What the SQLite store costs: `npx node bench/sqlite-store.ts`. A find, the changes per second that 64 concurrent loops
 * get through a natural batcher, and how long the event loop stood still meanwhile, with sweeps and checkpoints going on.
 */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { setTimeout as delay } from "node:timers/promises"
import type { Change, Outcome } from "../src/contract/change.ts"
import type { SessionRecord } from "../src/contract/record.ts"
import { createSqliteStore, type SqliteOptions, type SqliteSessionStore } from "../src/stores/sqlite/index.ts"

const SESSIONS = 20_000
const IN_FLIGHT = 64
const MILLISECONDS = 2000

const directory = await mkdtemp(join(tmpdir(), "sojourn-bench-"))
try {
  for (const writer of ["thread", "main"] as const) {
    for (const durability of ["normal", "full"] as const) {
      await measure({ path: join(directory, `${writer}-${durability}.db`), writer, durability })
    }
  }
} finally {
  await rm(directory, { recursive: true })
}

async function measure(options: SqliteOptions): Promise<void> {
  const store = await createSqliteStore(options)
  await fill(store)
  const find = findTime(store)
  const histogram = monitorEventLoopDelay({ resolution: 1 })
  histogram.enable()
  const rate = await changeRate(store)
  histogram.disable()
  const [p99, worst] = [histogram.percentile(99), histogram.max].map(ns => (ns / 1e6).toFixed(1))
  console.log(
    `writer ${options.writer}, durability ${options.durability}: find ${find.toFixed(1)} us, ` +
      `${Math.round(rate)} changes/s, event loop delay p99 ${p99} ms, worst ${worst} ms`,
  )
  await store.close()
}

async function fill(store: SqliteSessionStore): Promise<void> {
  for (let first = 0; first < SESSIONS; first += 500) {
    await store.apply(
      Array.from({ length: 500 }, (_, offset) => ({ kind: "create", record: record(first + offset) })),
    )
  }
}

/** Microseconds. */
function findTime(store: SqliteSessionStore): number {
  const times = 30_000
  for (let index = 0; index < 5000; index++) store.findNow(id(index))
  const start = performance.now()
  for (let index = 0; index < times; index++) store.findNow(id((index * 7919) % SESSIONS))
  return ((performance.now() - start) * 1000) / times
}

async function changeRate(store: SqliteSessionStore): Promise<number> {
  const apply = naturalBatcher(store)
  const start = performance.now()
  let changes = 0
  const running = () => performance.now() - start < MILLISECONDS
  const loop = async () => {
    while (running()) {
      const outcome = await apply({
        kind: "patch",
        id: id(Math.floor(Math.random() * SESSIONS)),
        epoch: 0,
        set: new Map([["visits", { text: String(changes) }]]),
        unset: [],
      })
      if (outcome.kind === "applied") changes++
    }
  }
  const sweeping = async () => {
    while (running()) {
      await store.apply(
        Array.from({ length: 100 }, (_, index) => ({
          kind: "create",
          record: { ...record(SESSIONS + index), expiresAt: Date.now() + 20 },
        })),
      )
      await delay(100)
      await store.sweep(Date.now(), 1000)
    }
  }
  await Promise.all([...Array.from({ length: IN_FLIGHT }, loop), sweeping()])
  return (changes * 1000) / (performance.now() - start)
}

/** Sends what piled up while the last call was in flight. */
function naturalBatcher(store: SqliteSessionStore): (change: Change) => Promise<Outcome> {
  let waiting: { change: Change; resolve: (outcome: Outcome) => void }[] = []
  let inFlight = false
  const run = async () => {
    inFlight = true
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      const outcomes = await store.apply(batch.map(each => each.change))
      for (const [index, outcome] of outcomes.entries()) batch[index]?.resolve(outcome)
    }
    inFlight = false
  }
  return change =>
    new Promise(resolve => {
      waiting.push({ change, resolve })
      if (!inFlight) void run()
    })
}

function id(index: number): string {
  return String(index).padStart(22, "0")
}

function record(index: number): SessionRecord {
  const now = Date.now()
  return {
    id: id(index),
    secretHash: "h".repeat(43),
    previous: undefined,
    epoch: 0,
    version: 0,
    generation: 0,
    createdAt: now,
    rotatedAt: now,
    lastSeenAt: now,
    idleTimeout: 1_800_000,
    absoluteExpiresAt: now + 43_200_000,
    expiresAt: now + 1_800_000,
    persistent: false,
    login:
      index % 2 === 0
        ? undefined
        : { userId: `user-${index >> 2}`, authenticatedAt: now, methods: [{ name: "pwd", at: now }] },
    client: { address: "192.0.2.7", userAgent: "Mozilla/5.0 (X11; Linux x86_64)" },
    data: new Map([
      ["greeting", { text: '"hello"' }],
      ["cart", { text: '{"items":[1,2,3]}' }],
      ["visits", { text: "1" }],
    ]),
  }
}
