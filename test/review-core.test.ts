import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { z } from "zod"
import { fetchSession, guarded } from "../src/adapters/fetch.ts"
import { requireFresh, requireUser, Sessions, sessionUrl } from "../src/index.ts"
import { cached } from "../src/near-cache.ts"
import { createMemoryStore } from "../src/stores/memory/index.ts"
import { begin, code, logIn, settled, storedValue, times, trial } from "./promises/trial.ts"
import { Hub } from "./cache/hub.ts"

describe("review core", () => {
  it("A: update's change that refuses an old value is asked about the newest", async t => {
    const manager = (await trial(t)).manager()
    const token = await begin(manager, { credit: 0 })
    const early = await manager.open(token)
    await (await manager.open(token)).set("credit", 100).save()
    const spend = (value: unknown) => {
      if (typeof value !== "number" || value < 10) throw new Error("no credit")
      return value - 10
    }
    assert.equal(await early.update("credit", spend), 90)
  })

  it("A2: limits judged on old data", async t => {
    const manager = (await trial(t)).manager({ limits: { maxSessionLength: 60 } })
    const token = await begin(manager, { list: [], big: "x".repeat(40) })
    const early = await manager.open(token)
    const other = await manager.open(token)
    other.delete("big")
    await other.save()
    assert.deepEqual(await early.update("list", () => ["y".repeat(20)]), ["y".repeat(20)])
  })

  it("B: dropped value on a behind record", async t => {
    const { store, manager: make, clock } = await trial(t)
    const token = await begin(make(), { cart: "old", a: 0 })
    const manager = make({ schema: { cart: z.number() }, onMismatch: "drop" } as never)
    const slow = await manager.open(token)
    assert.equal(slow.get("cart"), undefined)
    await (await manager.open(token)).set("cart", 5).save()
    await slow.set("a", 1).save()
    const apply = store.apply.bind(store)
    store.apply = () => Promise.reject(new Error("down"))
    slow.set("a", 2)
    await assert.rejects(slow.save())
    store.apply = apply
    slow.get("cart")
    await slow.set("a", 3).save()
    assert.equal(await storedValue(manager, token, "cart"), 5)
  })

  it("E: a label is bounded", async t => {
    const manager = (await trial(t)).manager()
    const session = await manager.open(await begin(manager))
    assert.throws(() => session.setLabel("x".repeat(1_000_000)), code("ERR_SESSION_INVALID_ARGUMENT"))
    await assert.rejects(session.login("anna", { label: "x".repeat(1_000_000) }), code("ERR_SESSION_INVALID_ARGUMENT"))
  })

  it("D: returnTo has no token", async () => {
    const sessions = new Sessions(createMemoryStore(), {
      sweepInterval: false,
      carriers: ["cookie", { urlParameter: "sid", allowTokensInUrls: true }],
      issueBy: "url",
    })
    let link = ""
    const log = fetchSession(sessions, async (_r, session) => {
      session.set("a", 1)
      await session.save()
      link = sessionUrl(session, "/account?tab=2")
      return new Response("")
    })
    const headers = { "user-agent": "Firefox", accept: "text/html" }
    await log(new Request("https://shop.example/", { headers }))
    const handle = fetchSession(sessions, guarded([requireUser({ loginPage: "https://sso.example/login" })], () => new Response("")))
    const response = await handle(new Request(`https://shop.example${link}`, { headers }))
    const location = response.headers.get("location") ?? ""
    assert.ok(link.includes("sid="), link)
    assert.ok(!location.includes("sid"), location)
  })

  it("C: a guard refuses without reading the body", async () => {
    const sessions = new Sessions(createMemoryStore(), { sweepInterval: false })
    let pulled = 0
    const body = new ReadableStream({
      pull(controller) {
        if (++pulled > 2_000) return controller.close()
        controller.enqueue(new Uint8Array(65_536))
      },
    })
    const handle = fetchSession(sessions, guarded([requireUser()], () => new Response("")))
    const response = await handle(
      new Request("https://shop.example/", {
        method: "POST",
        body,
        duplex: "half",
        headers: { "content-type": "multipart/form-data; boundary=x" },
      } as RequestInit),
    )
    assert.equal(response.status, 401)
    assert.ok(pulled < 100, `${pulled * 64} KiB read`)
  })

  it("F: options of a near cache that a cached store cannot have", async t => {
    const hub = new Hub(t)
    const { store } = hub.node()
    const over = cached(store, {}, Date.now)
    assert.throws(() => cached(over, { maxSessions: 5 }, Date.now), code("ERR_SESSION_CONFIG"))
    assert.throws(() => cached(store, null as never, Date.now), code("ERR_SESSION_CONFIG"))
  })

  it("JJ: bursts of header clients", async t => {
    const hub = new Hub(t)
    const { sessions, store } = hub.served({ carriers: ["header"] })
    const s = await sessions.open(undefined)
    await s.set("a", 1).save()
    const { stateOf } = await import("../src/core/session.ts")
    const d = stateOf(s).delivery
    assert.ok(d?.kind === "issue")
    store.reads = 0
    await Promise.all(times(100, () => sessions.open(d.token, { version: Number.MAX_SAFE_INTEGER })))
    assert.ok(store.reads <= 2, `${store.reads} reads`)
  })
  void logIn; void settled; void requireFresh
})
