import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { after, describe, it } from "node:test"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { Cluster, Redis } from "ioredis"
import { isSessionError, type SessionErrorCode } from "../../../src/contract/errors.ts"
import { createRedisStore, parseRedisUrl, type RedisOptions } from "../../../src/stores/redis/index.ts"
import { Layout } from "../../../src/stores/redis/layout.ts"
import { type CheckedServer, checkServer } from "../../../src/stores/redis/server-check.ts"
import { changes } from "../../../src/testing/index.ts"
import { startFaultProxy } from "../../services/fault-proxy.ts"
import { redisClusterUrl, redisUrl, startRedis } from "../../services/redis.ts"
import { aLogin, aSession, newPrefix } from "./given-session.ts"

const run = promisify(execFile)

const single = await redisUrl()
const cluster = await redisClusterUrl()

/** Opening fails with this code, and the message says what is wrong and what to do. */
async function refuses(options: RedisOptions, code: SessionErrorCode, message: RegExp): Promise<void> {
  await assert.rejects(createRedisStore({ prefix: newPrefix(), ...options }), error => {
    assert.ok(isSessionError(error, code), `rejected with ${error}`)
    assert.match(error.message, message)
    assert.doesNotMatch(error.message, /s3cret/)
    return true
  })
}

describe("opening a Redis store", async () => {
  const secured = await startRedis(["requirepass s3cret"])
  after(() => secured.stop())
  const { port } = secured
  const at = (user: string) => `redis://${user}127.0.0.1:${port}`
  const acl = (...rules: readonly string[]) =>
    secured.cli("--no-auth-warning", "-a", "s3cret", "ACL", "SETUSER", ...rules)

  it("works with the right password, for which a URL has percent signs", async () => {
    await acl("percy", "on", ">p@ss:w/rd", "~*", "&*", "+@all")
    for (const user of [":s3cret@", "default:s3cret@", "percy:p%40ss%3Aw%2Frd@"]) {
      await (await createRedisStore({ url: at(user) })).close()
    }
    await (
      await createRedisStore({ client: new Redis(port, { password: "s3cret", lazyConnect: true }) })
    ).close()
  })

  it("says that the password is wrong or missing", async () => {
    await refuses({ url: at(":no@") }, "ERR_SESSION_CONFIG", /password.*Correct/s)
    await refuses({ url: at("") }, "ERR_SESSION_CONFIG", /asks for a password/)
    const wrong = new Redis(port, { password: "no", lazyConnect: true })
    await refuses({ client: wrong }, "ERR_SESSION_CONFIG", /password/)
    const without = new Redis(port, { lazyConnect: true })
    await refuses({ client: without }, "ERR_SESSION_CONFIG", /password/)
  })

  it("says that the user may not run scripts, publish, or use the keys", async () => {
    await acl("scriptless", "on", ">x", "~*", "&*", "+@all", "-@scripting")
    await acl("silent", "on", ">x", "~*", "resetchannels", "+@all")
    await acl("elsewhere", "on", ">x", "~other:*", "&*", "+@all")
    for (const user of ["scriptless", "silent", "elsewhere"]) {
      await refuses({ url: at(`${user}:x@`) }, "ERR_SESSION_CONFIG", /does not allow.*ACL SETUSER/s)
    }
  })

  it("works for a user who has no more rights than the guide's", async () => {
    const rights = ["+@read", "+@write", "+@scripting", "+@pubsub", "+@connection"]
    await acl("modest", "on", ">x", "~modest:*", "&modest:*", ...rights)
    const given = new Redis(port, { username: "modest", password: "x", lazyConnect: true })
    for (const target of [{ url: at("modest:x@") }, { client: given }]) {
      const store = await createRedisStore({ ...target, prefix: "modest:" })
      const session = aSession({ login: aLogin("ada") })
      await store.apply([changes.create(session), changes.patch(session)])
      assert.deepEqual(await store.revokeByUser("ada"), [session.id])
      assert.equal(await store.countLive(), 0)
      await store.close()
    }
  })

  it("says that nobody listens, or that the host is not known", async () => {
    await refuses({ url: "redis://127.0.0.1:1" }, "ERR_SESSION_STORE_UNAVAILABLE", /refuses the connection/)
    await refuses(
      { url: "redis://nowhere.invalid" },
      "ERR_SESSION_STORE_UNAVAILABLE",
      /host name|cannot be looked up/,
    )
    const client = new Redis(1, "127.0.0.1", { lazyConnect: true })
    await refuses({ client }, "ERR_SESSION_STORE_UNAVAILABLE", /refuses the connection/)
    await refuses({ url: "redis+cluster://127.0.0.1:1" }, "ERR_SESSION_STORE_UNAVAILABLE", /127\.0\.0\.1:1/)
    const nobody = new Cluster([{ host: "127.0.0.1", port: 1 }], { lazyConnect: true })
    await refuses({ client: nobody, timeout: 1000 }, "ERR_SESSION_STORE_UNAVAILABLE", /given client/)
    await refuses(
      { url: "redis+sentinel://127.0.0.1:1/main", timeout: 1000 },
      "ERR_SESSION_STORE_TIMEOUT",
      /127\.0\.0\.1:1/,
    )
  })

  it("G12: gives up on a server that accepts and says nothing", async () => {
    const proxy = await startFaultProxy({ port })
    proxy.halfOpen()
    try {
      const start = performance.now()
      await refuses({ url: proxy.via(at("")), timeout: 300 }, "ERR_SESSION_STORE_TIMEOUT", /300 ms/)
      const client = new Redis(proxy.port, { lazyConnect: true })
      await refuses({ client, timeout: 300 }, "ERR_SESSION_STORE_TIMEOUT", /300 ms/)
      assert.ok(performance.now() - start < 5000)
    } finally {
      await proxy.close()
    }
  })

  it("says that a Cluster was taken for a single server, and the other way round", async () => {
    const [node] = parseRedisUrl(cluster).target.nodes
    assert.ok(node)
    await refuses({ url: `redis://${node.host}:${node.port}` }, "ERR_SESSION_CONFIG", /redis\+cluster:\/\//)
    const asCluster = single.replace("redis:", "redis+cluster:")
    await refuses({ url: asCluster }, "ERR_SESSION_CONFIG", /no Cluster.*redis:\/\//s)
  })

  it("warns of a policy that evicts sessions", async () => {
    const evicting = await startRedis(["maxmemory 100mb", "maxmemory-policy volatile-lru"])
    const warnings: Error[] = []
    const onWarning = (warning: Error) => void warnings.push(warning)
    process.on("warning", onWarning)
    try {
      await (await createRedisStore({ url: evicting.url })).close()
      await (await createRedisStore({ url: single })).close()
      await new Promise(resolve => setImmediate(resolve))
      const texts = warnings.filter(({ name }) => name === "SojournWarning").map(({ message }) => message)
      assert.equal(texts.length, 1)
      assert.match(texts[0] ?? "", /volatile-lru.*noeviction/s)
    } finally {
      process.off("warning", onWarning)
      await evicting.stop()
    }
  })

  it("refuses a server that is too old", async () => {
    const layout = new Layout("t:", 1)
    const server = (version: string, kind: "single" | "cluster"): CheckedServer => ({
      address: "old:6379",
      client: { kind },
      call: (_, __, work) =>
        work({ send: async () => "OK", run: async () => infoOf(version, kind), oneForEachNode: () => [] }),
    })
    const infoOf = (version: string, kind: string) =>
      `redis_version:${version}\r\ncluster_enabled:${kind === "cluster" ? 1 : 0}\r\nmaxmemory:0\r\n`
    const isTooOld = (error: unknown) =>
      isSessionError(error, "ERR_SESSION_CONFIG") && /needs (6\.2|7) or newer/.test(error.message)
    await checkServer(server("6.2.14", "single"), layout)
    await checkServer(server("10.1.0", "single"), layout)
    await checkServer(server("7.0.0", "cluster"), layout)
    await assert.rejects(checkServer(server("6.0.16", "single"), layout), isTooOld)
    await assert.rejects(checkServer(server("5.0.9", "single"), layout), isTooOld)
    await assert.rejects(checkServer(server("6.2.14", "cluster"), layout), isTooOld)
  })

  it("names the package that is missing", async () => {
    const { stdout } = await run(process.execPath, [
      fileURLToPath(new URL("without-package.ts", import.meta.url)),
    ])
    const [code, message = ""] = stdout.split("\n")
    assert.equal(code, "ERR_SESSION_UNSUPPORTED")
    assert.match(message, /npm install redis/)
  })

  it("refuses a client of neither library", async () => {
    const client: unknown = { get() {}, set() {} }
    await refuses({ client: client as Redis }, "ERR_SESSION_CONFIG", /no client that it knows/)
  })
})
