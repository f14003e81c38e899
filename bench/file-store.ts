/**
 * Creations per second with 64 in flight, of the file store and, given the directory of an installed copy, of
 * session-file-store: `npx node bench/file-store.ts [directory/node_modules/session-file-store]`.
 * Also the event loop's longest stall while 100 000 sessions are compacted.
 */

import { EventEmitter } from "node:events"
import { mkdtemp, rm, stat } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { setTimeout as delay } from "node:timers/promises"
import type { SessionRecord } from "../src/contract/record.ts"
import { createFileStore } from "../src/stores/file/index.ts"
import { changes, dataOf, RecordBuilder } from "../src/testing/index.ts"

const IN_FLIGHT = 64
const SECONDS = 3
const directory = await mkdtemp(join(tmpdir(), "sojourn-bench-"))

async function perSecond(create: (n: number) => Promise<unknown>): Promise<number> {
  let begun = 0
  let done = 0
  const end = performance.now() + SECONDS * 1000
  const work = async () => {
    while (performance.now() < end) {
      await create(begun++)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work))
  return Math.round(done / SECONDS)
}

const cart = dataOf(["cart", JSON.stringify([{ sku: "A-1", count: 2 }])], ["theme", `"dark"`])

async function ownRate(): Promise<number> {
  const store = await createFileStore({ path: join(directory, "sessions.txt"), maxSessions: 10_000_000 })
  const records = new RecordBuilder({ now: Date.now })
  const fresh = records.records(200_000, { login: records.login("u1"), data: cart })
  const rate = await perSecond(n => store.apply([changes.create(fresh[n] ?? records.record({ data: cart }))]))
  await store.close()
  return rate
}

interface PeerStore {
  set(id: string, session: object, done: (error: unknown) => void): void
}

async function peerRate(module: string): Promise<number> {
  const load = createRequire(import.meta.url)
  const FileStore = load(module)({ Store: EventEmitter })
  const path = join(directory, "peer")
  const store: PeerStore = new FileStore({ path, logFn: () => {}, reapInterval: -1 })
  const session = {
    cookie: { originalMaxAge: 1e6 },
    user: "u1",
    cart: [{ sku: "A-1", count: 2 }],
    theme: "dark",
  }
  return perSecond(
    n =>
      new Promise<void>((resolve, reject) =>
        store.set(`s${n}`, session, error => (error ? reject(error) : resolve())),
      ),
  )
}

async function compactionStall(): Promise<void> {
  const path = join(directory, "compacted.txt")
  const store = await createFileStore({ path })
  const all: SessionRecord[] = new RecordBuilder({ now: Date.now }).records(100_000, { data: cart })
  for (let n = 0; n < all.length; n += 500) await store.apply(all.slice(n, n + 500).map(changes.create))
  const doomed = all.slice(0, 51_000)
  const { ino } = await stat(path)
  for (let n = 0; n < doomed.length; n += 100) await store.apply(doomed.slice(n, n + 100).map(changes.revoke))
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  const begin = performance.now()
  const kept = all.slice(51_000)
  let writes = 0
  for (; (await stat(path)).ino === ino; writes++) {
    await store.apply([changes.patch(kept[writes % kept.length] ?? { id: "", epoch: 0 }, { set: cart })])
  }
  loop.disable()
  const longest = (loop.max / 1e6).toFixed(1)
  const took = Math.round(performance.now() - begin)
  console.log(
    `compaction: ${took} ms, ${writes} changes meanwhile, longest stall ${longest} ms (p99 ${(loop.percentile(99) / 1e6).toFixed(1)} ms)`,
  )
  await store.close()
}

try {
  console.log(`file store: ${await ownRate()} creations/s`)
  const [, , peer] = process.argv
  if (peer) console.log(`session-file-store: ${await peerRate(peer)} creations/s`)
  await delay(100)
  await compactionStall()
} finally {
  await rm(directory, { recursive: true, force: true })
}
