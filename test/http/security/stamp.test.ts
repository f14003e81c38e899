import assert from "node:assert/strict"
import { describe, it } from "node:test"
import type { Session } from "../../../src/core/session.ts"
import { requireStamp } from "../../../src/http/guards/require-stamp.ts"
import { Sessions } from "../../../src/http/sessions.ts"
import { createMemoryStore } from "../../../src/stores/memory/index.ts"
import { ADAPTERS, Client } from "./adapters.ts"

const loginPage = { loginPage: "/login" }

/** An application whose users' passwords are in `database`; changing one is told to nobody but the database. */
function application() {
  const database = new Map([["anna", "hash of the first password"]])
  const sessions = new Sessions(createMemoryStore(), { cookie: { secure: false } })
  const reasons: string[] = []
  sessions.on("revoked", ({ reason }) => reasons.push(reason))
  const guards = [requireStamp((session: Session) => database.get(session.userId ?? ""), loginPage)]
  const act = async (session: Session, path: string) => {
    const stamp = database.get("anna")
    if (path === "/login" && stamp !== undefined) await session.login("anna", { stamp })
    if (path === "/unstamped") await session.login("anna")
    if (path === "/guarded/password") {
      database.set("anna", "hash of the second password")
      await session.stepUp({ methods: ["pwd"], stamp: "hash of the second password" })
    }
    return session.userId ?? "nobody"
  }
  return { database, sessions, guards, act, reasons }
}

for (const [adapter, start] of Object.entries(ADAPTERS)) {
  describe(`requireStamp, served by ${adapter}`, () => {
    it("7.4.3: a password that somebody else changed ends the session at its next request, with its cookie", async () => {
      const { database, sessions, guards, act, reasons } = application()
      await using served = await start(sessions, guards, act)
      const client = new Client(served)
      await client.get("/login")
      assert.equal(await (await client.get("/guarded")).text(), "anna")
      database.set("anna", "set by an administrator")
      const refused = await client.get("/guarded")
      assert.equal(refused.status, 401)
      assert.match(refused.headers.getSetCookie()[0] ?? "", /^sid=; Max-Age=0/)
      assert.deepEqual(reasons, ["credentials"])
      assert.equal((await sessions.list("anna")).length, 0)
    })

    it("7.4.3: whoever changes the own password stays logged in, and the other sessions end", async () => {
      const { sessions, guards, act } = application()
      await using served = await start(sessions, guards, act)
      const [own, other] = [new Client(served), new Client(served)]
      for (const client of [own, other]) await client.get("/login")
      assert.equal((await own.get("/guarded/password")).status, 200)
      assert.equal((await own.get("/guarded")).status, 200)
      assert.equal((await other.get("/guarded")).status, 401)
      assert.equal((await sessions.list("anna")).length, 1)
    })

    it("sends a person to the login page, and refuses visitors and sessions without a stamp", async () => {
      const { sessions, guards, act } = application()
      await using served = await start(sessions, guards, act)
      const client = new Client(served)
      const visited = await client.get("/guarded", { accept: "text/html" })
      assert.deepEqual([visited.status, visited.headers.get("location")], [303, "/login?returnTo=%2Fguarded"])
      await client.get("/unstamped")
      assert.equal((await client.get("/guarded")).status, 401)
    })

    it("ends the session of a user who is no more", async () => {
      const { database, sessions, guards, act, reasons } = application()
      await using served = await start(sessions, guards, act)
      const client = new Client(served)
      await client.get("/login")
      database.delete("anna")
      assert.equal((await client.get("/guarded")).status, 401)
      assert.deepEqual(reasons, ["credentials"])
    })
  })
}
