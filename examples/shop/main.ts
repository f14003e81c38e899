import { once } from "node:events"
import { createServer } from "node:http"
import { createSessions } from "../../src/index.ts"
import { createApp } from "./app.ts"

const {
  HOST = "localhost",
  PORT = "3000",
  SESSIONS_URL = "sqlite:./sessions.db",
  LOGIN_ATTEMPTS = "10",
} = process.env

const sessions = await createSessions({
  store: SESSIONS_URL,
  // Safari keeps no Secure cookie from http://localhost, and nobody keeps one from another machine's plain http. A site
  // that serves https leaves this out: the cookie is then always Secure and named __Host-sid.
  cookie: { secure: "auto" },
  // Whoever uses the browser next finds nothing of this one.
  clearSiteData: true,
})
const server = createServer(createApp(sessions, Number(LOGIN_ATTEMPTS)))

try {
  server.listen(Number(PORT), HOST)
  await once(server, "listening")
} catch (error) {
  console.error(explain(error))
  await sessions.close()
  process.exit(1)
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, stop)
console.log(`The shop is open at ${address()} (Ctrl+C closes it)`)

/** Answers what has been asked, then stores what the sessions still hold. The process then ends by itself. */
async function stop(): Promise<void> {
  console.log("The shop is closing")
  const closed = once(server, "close")
  server.close()
  server.closeIdleConnections()
  setTimeout(() => server.closeAllConnections(), 5_000).unref()
  await closed
  await sessions.close()
}

function address(): string {
  const bound = server.address()
  return `http://${HOST}:${typeof bound === "object" ? bound?.port : PORT}`
}

function explain(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined
  if (code === "EADDRINUSE")
    return `Port ${PORT} is used by another program. Choose another one: PORT=3001 npm start`
  return `The shop cannot listen on ${HOST}, port ${PORT}: ${error instanceof Error ? error.message : error}`
}
