import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, describe, it } from "node:test"
import { promisify } from "node:util"
import { Redis } from "ioredis"
import { createClient } from "redis"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createRedisStore, type RedisOptions } from "../../../src/stores/redis/index.ts"
import { changes } from "../../../src/testing/index.ts"
import { freePort } from "../../services/free-port.ts"
import { startRedis } from "../../services/redis.ts"
import { aSession, newPrefix } from "./given-session.ts"

const run = promisify(execFile)

describe("a Redis store over TLS", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sojourn-redis-tls-"))
  after(() => rm(directory, { recursive: true }))
  const [key, certificate] = [join(directory, "key.pem"), join(directory, "certificate.pem")]
  const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
  const files = ["-keyout", key, "-out", certificate]
  await run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", ...files, ...subject])
  const port = await freePort()
  const server = await startRedis([
    ...[`tls-port ${port}`, `tls-cert-file ${certificate}`, `tls-key-file ${key}`],
    ...[`tls-ca-cert-file ${certificate}`, "tls-auth-clients no"],
  ])
  after(() => server.stop())
  const ca = await readFile(certificate, "utf8")

  const clients: Readonly<Record<string, () => RedisOptions>> = {
    "a node-redis client": () => ({
      client: createClient({ socket: { host: "localhost", port, tls: true, ca } }),
    }),
    "an ioredis client": () => ({
      client: new Redis({ host: "localhost", port, tls: { ca }, lazyConnect: true }),
    }),
  }
  for (const [name, target] of Object.entries(clients)) {
    it(`works with the certificates that ${name} was given`, async () => {
      const store = await createRedisStore({ ...target(), prefix: newPrefix() })
      try {
        const session = aSession()
        await store.apply([changes.create(session)])
        assert.deepEqual(await store.find([session.id]), [session])
      } finally {
        await store.close()
      }
    })
  }

  it("refuses a certificate that nobody vouches for", async () => {
    await assert.rejects(createRedisStore({ url: `rediss://localhost:${port}` }), error => {
      assert.ok(isSessionError(error, "ERR_SESSION_STORE_UNAVAILABLE"))
      assert.match(error.message, /certificate/)
      return true
    })
  })
})
