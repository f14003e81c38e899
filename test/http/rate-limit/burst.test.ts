import assert from "node:assert/strict"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { Agent, get } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, it } from "node:test"
import { fileURLToPath } from "node:url"
import { createSessions } from "../../../src/index.ts"
import { serve } from "../../adapters/served.ts"
import { ALLOWED, limited } from "./limited.ts"

const BURST = 1_000

/** What so many requests at once are answered, by status. */
async function burst(ports: readonly number[]): Promise<Record<number, number>> {
  const agent = new Agent({ keepAlive: true, maxSockets: 200 })
  const statuses: Record<number, number> = {}
  const ask = (port: number) =>
    new Promise<void>((resolve, reject) => {
      get({ host: "localhost", port, path: "/", agent }, response => {
        const status = response.statusCode ?? 0
        statuses[status] = (statuses[status] ?? 0) + 1
        response.resume().on("end", resolve).on("error", reject)
      }).on("error", reject)
    })
  await Promise.all(Array.from({ length: BURST }, (_, index) => ask(ports[index % ports.length] ?? 0)))
  agent.destroy()
  return statuses
}

async function inDirectory(use: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "sojourn-burst-"))
  try {
    await use(join(directory, "sessions.db"))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

const EXACTLY = { 200: ALLOWED, 429: BURST - ALLOWED }

describe("a burst of 1,000 requests passes exactly what the limit allows", () => {
  for (const framework of ["express", "node"] as const) {
    it(`over ${framework}, counted in memory`, async () => {
      await using sessions = await createSessions({ store: "memory:", sweepInterval: false })
      await using server = await serve(limited[framework](sessions))
      assert.deepEqual(await burst([server.port]), EXACTLY)
    })

    it(`over ${framework}, counted in SQLite`, async () => {
      await inDirectory(async path => {
        const store = `sqlite:${path}?durability=normal`
        await using sessions = await createSessions({ store, sweepInterval: false })
        await using server = await serve(limited[framework](sessions))
        assert.deepEqual(await burst([server.port]), EXACTLY)
      })
    })
  }

  it("over two processes on one SQLite file", async () => {
    await inDirectory(async path => {
      const script = fileURLToPath(new URL("serving-child.ts", import.meta.url))
      const children = [0, 1].map(() =>
        spawn(process.execPath, [script, path], { stdio: ["pipe", "pipe", "inherit"] }),
      )
      const ended = children.map(child => once(child, "exit"))
      try {
        const ports = await Promise.all(
          children.map(async child => Number(String((await once(child.stdout, "data"))[0]))),
        )
        assert.deepEqual(await burst(ports), EXACTLY)
      } finally {
        for (const child of children) child.stdin.end()
        await Promise.all(ended)
      }
    })
  })

  it("tells where the client stands by headers, on pages and refusals alike", async () => {
    await using sessions = await createSessions({ store: "memory:", sweepInterval: false })
    await using server = await serve(limited.express(sessions))
    const first = await fetch(server.origin)
    assert.equal(first.headers.get("ratelimit-policy"), `"pages";q=${ALLOWED};w=86400`)
    assert.match(first.headers.get("ratelimit") ?? "", new RegExp(`^"pages";r=${ALLOWED - 1};t=\\d+$`))
    assert.equal(first.headers.get("set-cookie"), null)
    await burst([server.port])
    const refused = await fetch(server.origin)
    assert.equal(refused.status, 429)
    assert.match(refused.headers.get("ratelimit") ?? "", /^"pages";r=0;t=\d+$/)
    assert.match(refused.headers.get("retry-after") ?? "", /^[1-9]\d*$/)
    assert.equal(refused.headers.get("cache-control"), "no-store")
  })
})
