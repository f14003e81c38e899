import assert from "node:assert/strict"
import { describe, it } from "node:test"
import { fetchSession } from "../../../src/adapters/fetch.ts"
import type { Session } from "../../../src/core/session.ts"
import { clearSiteDataHeader, type SiteData } from "../../../src/http/clear-site-data.ts"
import type { EdgeOptions } from "../../../src/http/edge.ts"
import { generateKey } from "../../../src/http/keys.ts"
import { SealedSessions } from "../../../src/http/sealing/sealed-sessions.ts"
import { Sessions } from "../../../src/http/sessions.ts"
import { createMemoryStore } from "../../../src/stores/memory/index.ts"
import { ADAPTERS, Client } from "./adapters.ts"

const open = (clearSiteData?: EdgeOptions["clearSiteData"]) =>
  new Sessions(createMemoryStore(), {
    cookie: { secure: false },
    ...(clearSiteData !== undefined && { clearSiteData }),
  })

async function act(session: Session, path: string): Promise<string> {
  if (path === "/login") await session.login("anna")
  if (path.startsWith("/logout")) await session.logout()
  if (path === "/logout/flash") session.flash("bye")
  return "done"
}

const told = (response: Response) => response.headers.get("clear-site-data")

for (const [adapter, start] of Object.entries(ADAPTERS)) {
  describe(`Clear-Site-Data, served by ${adapter}`, () => {
    it("14.3.1: goes with the response of the logout, and with no other", async () => {
      await using served = await start(open(true), [], act)
      const client = new Client(served)
      assert.equal(told(await client.get("/login")), null)
      assert.equal(told(await client.get("/")), null)
      const response = await client.get("/logout")
      assert.equal(told(response), '"cache", "storage"')
      assert.equal(response.headers.get("cache-control"), "no-store")
      assert.equal(told(await client.get("/")), null)
    })

    it("goes with a logout that leaves a message for the next page, which a new session keeps", async () => {
      await using served = await start(open(["storage", "executionContexts"]), [], act)
      const client = new Client(served)
      await client.get("/login")
      const response = await client.get("/logout/flash")
      assert.equal(told(response), '"storage", "executionContexts"')
      assert.match(response.headers.getSetCookie()[0] ?? "", /^sid=[A-Za-z0-9_-]{22}\./)
    })

    it("does not take the cookie of a session that begins in the same answer", async () => {
      for (const [option, left] of [
        [["cookies", "storage"], '"storage"'],
        [["*"], null],
      ] as const) {
        await using served = await start(open(option), [], act)
        const client = new Client(served)
        await client.get("/login")
        const response = await client.get("/logout/flash")
        assert.equal(told(response), left)
        assert.match(response.headers.getSetCookie()[0] ?? "", /^sid=[A-Za-z0-9_-]{22}\./)
        assert.equal(told(await client.get("/logout")), option.map(each => `"${each}"`).join(", "))
      }
    })

    it("goes with the logout of a session that has expired, as its data is there all the same", async () => {
      await using served = await start(open(true), [], act)
      assert.equal(told(await new Client(served).get("/logout")), '"cache", "storage"')
    })

    it("does not go with a malformed or unknown cookie, nor by default", async () => {
      await using served = await start(open(true), [], act)
      const client = new Client(served)
      client.cookie = "sid=malformed"
      const response = await client.get("/")
      assert.match(response.headers.getSetCookie()[0] ?? "", /^sid=; Max-Age=0/)
      assert.equal(told(response), null)
      await using plain = await start(open(), [], act)
      const other = new Client(plain)
      await other.get("/login")
      assert.equal(told(await other.get("/logout")), null)
    })
  })
}

describe("the option clearSiteData", () => {
  it("holds for sealed sessions as well", async () => {
    const sessions = new SealedSessions({ keys: [generateKey()], clearSiteData: ["cookies"] })
    const handle = fetchSession(sessions, async (_, session) => {
      await session.login("anna")
      await session.logout()
      return new Response()
    })
    assert.equal(told(await handle(new Request("https://shop.example/"))), '"cookies"')
  })

  it("that is no list of what browsers clear is ERR_SESSION_CONFIG", () => {
    const wrong: unknown[] = [[], ["cookie"], "storage", 7, ['storage", "x']]
    for (const option of wrong) {
      const given: { option: readonly SiteData[] } = JSON.parse(JSON.stringify({ option }))
      assert.throws(() => clearSiteDataHeader(given.option), { code: "ERR_SESSION_CONFIG" })
    }
    assert.equal(clearSiteDataHeader(["*"]), '"*"')
    assert.equal(clearSiteDataHeader(false), undefined)
    assert.throws(() => open([]), { code: "ERR_SESSION_CONFIG" })
  })
})
