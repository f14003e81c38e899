/**
 * Loaded before an example: its server listens on a free port, answers the visits that the page promises, and ends. Keeps
 * cookies as a browser would, but takes each for this host and path, Secure or not.
 */
import assert from "node:assert/strict"
import { Server } from "node:http"
import { isMainThread } from "node:worker_threads"
import type { Visit } from "./example.ts"

const visits: readonly Visit[] = JSON.parse(process.env["EXAMPLE_VISITS"] ?? "[]")
const cookies = new Map<string, string>()
let paid = 0

if (isMainThread) {
  process.once("exit", () =>
    assert.equal(paid, visits.length, "the example ended before all visits were paid"),
  )
}

const { listen } = Server.prototype
Server.prototype.listen = function (this: Server, _port: unknown, ...rest: unknown[]) {
  const told = rest.filter(argument => typeof argument === "function")
  this.once("listening", () => void visitAll(this))
  return Reflect.apply(listen, this, [0, "127.0.0.1", ...told])
}

async function visitAll(server: Server): Promise<void> {
  const address = server.address()
  assert.ok(typeof address === "object" && address !== null)
  assert.ok(visits.length > 0, "an example that listens needs visits, in a comment before the block")
  for (const visit of visits) {
    await pay(visit, `http://127.0.0.1:${address.port}`)
    paid++
  }
  server.close()
  server.closeAllConnections()
}

async function pay({ method, path, body, status, text }: Visit, origin: string): Promise<void> {
  const response = await fetch(origin + path, {
    method,
    redirect: "manual",
    headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join("; ") },
    ...(body !== undefined && { body: new URLSearchParams(body) }),
  })
  const answer = await response.text()
  for (const cookie of response.headers.getSetCookie()) keep(cookie)
  assert.equal(response.status, status, `the status of ${method} ${path}: ${answer}`)
  assert.ok(
    answer.includes(text),
    `the answer to ${method} ${path} is ${JSON.stringify(answer)}, without ${text}`,
  )
}

function keep(cookie: string): void {
  const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
  if (cookie.includes("Max-Age=0")) cookies.delete(name)
  else cookies.set(name, value)
}
