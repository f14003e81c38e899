// Uses the built package as an application would, on whichever Node runs this file.
import assert from "node:assert/strict"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createSessions, isSessionError } from "sojourn"
import { fetchSession } from "sojourn/fetch"
import { withSession } from "sojourn/node"

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
const hasSqlite = major > 22 || (major === 22 && minor >= 13)
const directory = mkdtempSync(join(tmpdir(), "sojourn-platform-"))

async function countsOverHttp(store) {
  const sessions = await createSessions({ store })
  const server = createServer(
    withSession(sessions, async (_request, response, session) => {
      response.end(String(await session.update("count", (count = 0) => count + 1)))
    }),
  ).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = `http://127.0.0.1:${server.address().port}`
  const first = await fetch(address)
  const [cookie = ""] = first.headers.getSetCookie()
  assert.match(cookie, /^__Host-sid=/)
  assert.equal(await first.text(), "1")
  const second = await fetch(address, { headers: { cookie: cookie.split(";")[0] } })
  assert.equal(await second.text(), "2")
  server.close()
  server.closeAllConnections()
  await sessions.close()
}

async function answersFetch() {
  const sessions = await createSessions({ store: "memory:" })
  const handle = fetchSession(sessions, (_request, session) => {
    session.set("seen", true)
    return Response.json(session.keys())
  })
  const response = await handle(new Request("https://example.com/"))
  assert.equal(response.headers.getSetCookie().length, 1)
  assert.deepEqual(await response.json(), ["seen"])
  await sessions.close()
}

try {
  await countsOverHttp("memory:")
  await countsOverHttp(`file:${join(directory, "sessions.txt")}`)
  await answersFetch()
  const sqlite = `sqlite:${join(directory, "sessions.db")}`
  if (hasSqlite) await countsOverHttp(sqlite)
  else
    await assert.rejects(createSessions({ store: sqlite }), error =>
      isSessionError(error, "ERR_SESSION_UNSUPPORTED"),
    )
  process.stdout.write(
    `Node ${process.versions.node}: works${hasSqlite ? "" : ", SQLite refused with its reason"}\n`,
  )
} finally {
  rmSync(directory, { recursive: true })
}
