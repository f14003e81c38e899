/**
 * What the memory store costs: bytes a session, nanoseconds a call, and the longest time it keeps the event loop.
 *
 *     npx node --expose-gc bench/memory-store.ts [sessions]
 */
import { randomBytes } from "node:crypto"
import type { SessionRecord } from "../src/contract/record.ts"
import { createMemoryStore } from "../src/stores/memory/index.ts"

const COUNT = Number(process.argv[2] ?? 1_000_000)
const BATCH = 100
const CALLS = 300_000
const TEXT = JSON.stringify({ note: "x".repeat(89) })
const START = 1_800_000_000_000
const HOUR = 3_600_000

let now = START
/** The ids are made first, and kept outside of what is measured. */
const ids = Buffer.allocUnsafeSlow(16 * COUNT)
for (let at = 0; at < ids.length; at += 65_536) randomBytes(Math.min(65_536, ids.length - at)).copy(ids, at)
const idOf = (n: number): string => ids.toString("base64url", 16 * n, 16 * n + 16)

const recordOf = (n: number): SessionRecord => ({
  id: idOf(n),
  secretHash: ids.toString("base64url", 8 * n, 8 * n + 32),
  previous: undefined,
  epoch: 0,
  version: 1,
  generation: 0,
  createdAt: now,
  rotatedAt: now,
  lastSeenAt: now,
  idleTimeout: HOUR,
  absoluteExpiresAt: now + 24 * HOUR,
  expiresAt: now + HOUR + (n % 1000) * 1000,
  persistent: false,
  login: { userId: `user-${100_000 + n}`, authenticatedAt: now, methods: [{ name: "pwd", at: now }] },
  client: {},
  data: new Map([["cart", { text: TEXT }]]),
})

const report = (what: string, figure: unknown): void => console.log(what.padEnd(22), figure)

function memory(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/**
 * The longest time between two turns of the event loop while `work` runs, and how much of it this thread has
 * computed.
 */
async function worstStall(work: () => Promise<unknown>): Promise<string> {
  const worst = { elapsed: 0, computed: 0 }
  let running = true
  let last = { at: performance.now(), cpu: process.threadCpuUsage() }
  const tick = (): void => {
    const { user, system } = process.threadCpuUsage(last.cpu)
    worst.elapsed = Math.max(worst.elapsed, performance.now() - last.at)
    worst.computed = Math.max(worst.computed, (user + system) / 1000)
    last = { at: performance.now(), cpu: process.threadCpuUsage() }
    if (running) setImmediate(tick)
  }
  setImmediate(tick)
  const start = performance.now()
  await work()
  const took = performance.now() - start
  running = false
  const held = `held the event loop ${worst.elapsed.toFixed(1)} ms at most (computing ${worst.computed.toFixed(1)})`
  return `${took.toFixed(0)} ms, ${held}`
}

/** What this thread computes for a call: what else the machine is busy with does not count. */
const perCall = (usage: NodeJS.CpuUsage): string =>
  `${(((usage.user + usage.system) * 1000) / CALLS).toFixed(0)} ns`

function nanoseconds(call: (n: number) => unknown): string {
  for (let n = 0; n < CALLS; n++) call(n)
  const start = process.threadCpuUsage()
  for (let n = 0; n < CALLS; n++) call(n)
  return perCall(process.threadCpuUsage(start))
}

async function nanosecondsEach(call: (n: number) => Promise<unknown>): Promise<string> {
  for (let n = 0; n < CALLS; n++) await call(n)
  const start = process.threadCpuUsage()
  for (let n = 0; n < CALLS; n++) await call(n)
  return perCall(process.threadCpuUsage(start))
}

const store = createMemoryStore({ maxSessions: COUNT }, { now: () => now })
const before = memory()
const inserted = await worstStall(async () => {
  for (let n = 0; n < COUNT; n += BATCH) {
    const size = Math.min(BATCH, COUNT - n)
    await store.apply(Array.from({ length: size }, (_, k) => ({ kind: "create", record: recordOf(n + k) })))
    await new Promise(resolve => setImmediate(resolve))
  }
})
report("sessions", COUNT)
report("bytes a session", ((memory() - before) / COUNT).toFixed(1))
report("insert", inserted)

/**
 * `busy`: all calls go to 10,000 of the sessions; `any`: to all of them, so that the processor's caches are of no
 * use.
 */
const busy = Array.from({ length: CALLS }, (_, n) => idOf((n * 7919) % Math.min(COUNT, 10_000)))
const any = Array.from({ length: CALLS }, (_, n) => idOf((n * 7919) % COUNT))
const strange = Array.from({ length: CALLS }, (_, n) => idOf(((n * 7919) % (COUNT - 1)) + 0.5))
const set = new Map([["cart", { text: JSON.stringify({ note: "y".repeat(89) }) }]])
const seen = { at: now + 1, expiresAt: now + 2 * HOUR }

for (const [name, chosen] of Object.entries({ busy, any })) {
  const id = (n: number): string => chosen[n] ?? ""
  report(
    `findNow, ${name}`,
    nanoseconds(n => store.findNow(id(n))),
  )
  const patched = await nanosecondsEach(n =>
    store.apply([{ kind: "patch", id: id(n), epoch: 0, set, unset: [] }]),
  )
  report(`patch of a key, ${name}`, patched)
  const touched = await nanosecondsEach(n => store.apply([{ kind: "touch", id: id(n), seen }]))
  report(`touch, ${name}`, touched)
}
report(
  "findNow, a miss",
  nanoseconds(n => store.findNow(strange[n] ?? "")),
)

report("countLive", await worstStall(() => store.countLive()))
report("countUsersSeen", await worstStall(() => store.countUsersSeen(START)))
report("sweep, none expired", await worstStall(() => store.sweep(now, 1000)))
now += 25 * HOUR
const sweepAll = async (): Promise<void> => {
  while ((await store.sweep(now, 1000)).length > 0);
}
report("sweep, all expired", await worstStall(sweepAll))
report("sessions left", await store.countLive())
await store.close()
