import assert from "node:assert/strict"
import { describe, it, type TestContext } from "node:test"
import { EventHub } from "../../src/core/events.ts"
import { Sweeper } from "../../src/core/sweeper.ts"
import { begin, code, times, trial } from "../promises/trial.ts"
import { ReferenceStore } from "../testing/reference-store.ts"

const INTERVAL = 10_000

/** A store that counts its sweeps, each of which takes as long as the test wants. */
class SweptStore extends ReferenceStore {
  sweeps = 0
  found: readonly string[] = []
  wait: () => Promise<void> = async () => undefined

  override async sweep(): Promise<readonly string[]> {
    this.sweeps++
    await this.wait()
    return this.found
  }
}

function sweeperOf(t: TestContext, random = 0.5) {
  t.mock.timers.enable({ apis: ["setTimeout"] })
  const store = new SweptStore(Date.now)
  const events = new EventHub()
  const options = { interval: INTERVAL, timeout: 1_000, now: () => 0, random: () => random }
  const sweeper = new Sweeper(store, events, options)
  t.after(() => sweeper.stop())
  return { store, events, sweeper }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

describe("the sweeper", () => {
  for (const [random, delay] of [
    [0, 0.8 * INTERVAL],
    [0.5, INTERVAL],
    [0.999_999, 1.2 * INTERVAL],
  ] as const) {
    it(`waits ${delay} ms where chance says ${random}, so that many nodes do not sweep at once`, async t => {
      const { store, sweeper } = sweeperOf(t, random)
      sweeper.start()
      t.mock.timers.tick(delay - 1)
      await turn()
      assert.equal(store.sweeps, 0)
      t.mock.timers.tick(1)
      await turn()
      assert.equal(store.sweeps, 1)
    })
  }

  it("goes on and on, until it is stopped, and again once it is started", async t => {
    const { store, sweeper } = sweeperOf(t)
    const pass = async (): Promise<void> => {
      t.mock.timers.tick(INTERVAL)
      await turn()
    }
    sweeper.start()
    sweeper.start()
    for (const _ of times(3, () => 0)) await pass()
    assert.equal(store.sweeps, 3)
    await sweeper.stop()
    await pass()
    assert.equal(store.sweeps, 3)
    sweeper.start()
    await pass()
    assert.equal(store.sweeps, 4)
  })

  it("goes on after a sweep that failed, which is told as storeError", async t => {
    const { store, events, sweeper } = sweeperOf(t)
    const failures: string[] = []
    events.on("storeError", ({ operation }) => failures.push(operation))
    store.wait = () => Promise.reject(new Error("disk failure"))
    sweeper.start()
    for (const _ of times(2, () => 0)) {
      t.mock.timers.tick(INTERVAL)
      await turn()
    }
    assert.deepEqual(failures, ["sweep", "sweep"])
  })

  it("that is stopped and started during a sweep goes on once, not twice", async t => {
    const { store, sweeper } = sweeperOf(t)
    let end = () => {}
    store.wait = () => new Promise(resolve => (end = resolve))
    sweeper.start()
    t.mock.timers.tick(INTERVAL)
    const stopping = sweeper.stop()
    sweeper.start()
    t.mock.timers.tick(INTERVAL / 2)
    end()
    await stopping
    store.wait = async () => undefined
    for (const _ of times(6, () => 0)) {
      t.mock.timers.tick(INTERVAL / 2)
      await turn()
    }
    assert.equal(store.sweeps, 4)
  })

  it("stops only when the sweep under way has ended", async t => {
    const { store, sweeper } = sweeperOf(t)
    let end = () => {}
    store.wait = () => new Promise(resolve => (end = resolve))
    const sweeping = sweeper.sweep()
    let stopped = false
    const stopping = sweeper.stop().then(() => {
      stopped = true
    })
    await turn()
    assert.equal(stopped, false)
    end()
    await stopping
    assert.equal(await sweeping, 0)
  })

  it("does not sweep twice at once", async t => {
    const { store, sweeper } = sweeperOf(t)
    await Promise.all([sweeper.sweep(), sweeper.sweep()])
    assert.equal(store.sweeps, 1)
  })
})

describe("sweep()", () => {
  it("removes everything that has expired, in portions, and tells each session once", async t => {
    const { clock, store, manager: make } = await trial(t)
    const manager = make({ idleTimeout: 1_000 })
    const expired: string[] = []
    manager.on("expired", ({ id }) => expired.push(id))
    const tokens = await Promise.all(times(2_500, () => begin(manager)))
    clock.advance(500)
    const alive = await begin(manager)
    clock.advance(500)
    assert.equal(await manager.sweep(), 2_500)
    assert.equal(await manager.sweep(), 0)
    assert.deepEqual(expired.sort(), tokens.map(token => token.slice(0, 22)).sort())
    assert.equal(await store.countLive(), 1)
    assert.equal((await manager.open(alive)).isStored, true)
  })

  it("tells each session once over two managers", async t => {
    const { clock, manager: make } = await trial(t)
    const managers = [make({ idleTimeout: 1_000 }), make({ idleTimeout: 1_000 })]
    const expired: string[] = []
    for (const manager of managers) manager.on("expired", ({ id }) => expired.push(id))
    await Promise.all(managers.flatMap(manager => times(20, () => begin(manager))))
    clock.advance(1_000)
    await Promise.all(managers.map(manager => manager.sweep()))
    assert.equal(new Set(expired).size, 40)
    assert.equal(expired.length, 40)
  })

  it("runs by itself from the start, unless sweepInterval is false", async t => {
    const { clock, store, manager: make } = await trial(t)
    const sweeping = make({ idleTimeout: 1_000, sweepInterval: 10 })
    const still = make({ idleTimeout: 1_000, sweepInterval: false })
    const told: string[] = []
    sweeping.on("expired", () => told.push("sweeping"))
    still.on("expired", () => told.push("still"))
    await begin(still)
    clock.advance(1_000)
    await new Promise(resolve => setTimeout(resolve, 60))
    assert.deepEqual(told, ["sweeping"])
    await sweeping.stopSweeping()
    assert.equal((await store.sweep(clock.now(), 10)).length, 0)
  })

  it("started by hand where sweepInterval is false runs every 5 minutes, not all the time", async t => {
    const { tapped, tappedManager } = await trial(t)
    let sweeps = 0
    tapped.beforeSweep = () => {
      sweeps++
    }
    t.mock.timers.enable({ apis: ["setTimeout"] })
    const manager = tappedManager({ sweepInterval: false })
    manager.startSweeping()
    t.mock.timers.tick(0.8 * 300_000 - 1)
    assert.equal(sweeps, 0)
    t.mock.timers.tick(0.4 * 300_000 + 1)
    assert.equal(sweeps, 1)
    t.mock.timers.reset()
    await manager.stopSweeping()
  })

  it("rejects with the store's failure when it is called by hand", async t => {
    const { tapped, tappedManager } = await trial(t)
    tapped.beforeSweep = () => {
      throw new Error("disk failure")
    }
    await assert.rejects(tappedManager().sweep(), code("ERR_SESSION_STORE_UNAVAILABLE"))
  })
})
