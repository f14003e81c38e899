import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { fetchSession } from "../../../src/adapters/fetch.ts"
import type { SessionRecord } from "../../../src/contract/index.ts"
import { type Session, Sessions } from "../../../src/index.ts"
import { SpyStore } from "../../adapters/spy-store.ts"

/** A near cache that keeps nothing and tells which versions it is asked for. */
class AskedStore extends SpyStore {
  readonly versions: number[] = []

  recall(_id: string, version: number): undefined {
    this.versions.push(version)
  }

  async fill(
    _id: string,
    version: number,
    load: () => Promise<SessionRecord | undefined>,
  ): Promise<SessionRecord | undefined> {
    this.versions.push(version)
    return await load()
  }
}

describe("G5: with a near cache", () => {
  it("a client that carries no version, as its token is in a header, is always answered by the store", async () => {
    const store = new AskedStore()
    const sessions = new Sessions(store, { sweepInterval: false, carriers: ["header"] })
    const handle = fetchSession(sessions, async ({ method }, session: Session) => {
      if (method === "POST") await session.login("anna")
      return new Response(session.userId)
    })
    const ask = (method: string, headers = {}) =>
      handle(new Request("https://shop.example/", { method, headers }))
    const login = await ask("POST")
    const token = login.headers.get("session-token") ?? ""
    const page = await ask("GET", { authorization: `Bearer ${token}` })
    assert.equal(await page.text(), "anna")
    assert.deepEqual(store.versions, [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER])
    for (const response of [login, page]) assert.deepEqual(response.headers.getSetCookie(), [])
    assert.equal(page.headers.get("cache-control"), null, "there was nothing to tell")
  })
})
