import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { openPubSubFeed } from "../../../src/stores/redis/feed.ts"
import { hashSlot } from "../../../src/stores/redis/subscriber-slots.ts"
import { subscriberSource } from "../../../src/stores/redis/subscriber-source.ts"
import { eventually } from "../../services/eventually.ts"
import type { RedisServer } from "../../services/redis-server.ts"
import { libraries } from "./feed-clients.ts"
import { FeedLog } from "./feed-log.ts"
import { isWhole, type RunningServers, startCluster } from "./feed-servers.ts"

const CHANNELS = Array.from({ length: 16 }, (_, bucket) => `sojourn:{${bucket}}:feed`)

let running: RunningServers

before(async () => {
  running = await startCluster()
})
after(() => running[Symbol.asyncDispose]())

const serverOf = async (channel: string): Promise<RedisServer> => {
  for (const server of running.servers) {
    if ((await publish(server, channel, "r probe")) !== "refused") return server
  }
  throw new Error(`nobody serves ${channel}`)
}

const publish = (server: RedisServer, channel: string, text: string): Promise<string> =>
  server.cli("SPUBLISH", channel, text).catch(() => "refused")

/** Moves the channel's slot to the next master, as `redis-cli --cluster reshard` does. */
async function moveSlot(channel: string): Promise<void> {
  const source = await serverOf(channel)
  const at = running.servers.indexOf(source)
  const target = running.servers[(at + 1) % running.servers.length] ?? source
  const slot = `${hashSlot(channel)}`
  const [sourceId, targetId] = [await source.cli("CLUSTER", "MYID"), await target.cli("CLUSTER", "MYID")]
  await target.cli("CLUSTER", "SETSLOT", slot, "IMPORTING", sourceId)
  await source.cli("CLUSTER", "SETSLOT", slot, "MIGRATING", targetId)
  for (const server of [target, source, ...running.servers]) {
    await server.cli("CLUSTER", "SETSLOT", slot, "NODE", targetId)
  }
}

test("hash slots are those of the server", async () => {
  const [server] = running.servers
  for (const name of [...CHANNELS, "", "123456789", "{}x", "a{b}{c}", "a{b", "{{a}}", "grün{ß}", "}{x}"]) {
    assert.equal(hashSlot(name), Number(await server.cli("CLUSTER", "KEYSLOT", name)), name)
  }
})

for (const [library, { cluster }] of Object.entries(libraries)) {
  const observed = async (interval = 100) => {
    const given = await cluster(running.servers.map(({ port }) => port))
    const log = new FeedLog()
    const feed = openPubSubFeed({
      source: subscriberSource(given.client),
      channels: CHANNELS,
      observer: log,
      heartbeatInterval: interval,
    })
    await eventually("connected", () => log.isConnected)
    return {
      log,
      async [Symbol.asyncDispose]() {
        await feed.close()
        await given[Symbol.asyncDispose]()
      },
    }
  }

  const allArrive = async (log: FeedLog): Promise<void> => {
    for (const channel of CHANNELS) {
      const id = `${channel}-${log.events.length}`
      await eventually(`a notice through ${channel}`, async () => {
        await publish(await serverOf(channel), channel, `r ${id}`)
        return log.notices.some(notice => notice.kind === "revoked" && notice.id === id)
      })
    }
  }

  describe(`with ${library} on a cluster`, () => {
    test("it hears every bucket, of all masters, in the order of each", async () => {
      await using feed = await observed(10_000)
      await allArrive(feed.log)
      assert.deepEqual(feed.log.transitions, ["connected"])
      const [channel = ""] = CHANNELS
      const script = "for i = 1, 1000 do redis.call('SPUBLISH', KEYS[1], 'c id ' .. i) end"
      await (await serverOf(channel)).cli("EVAL", script, "1", channel)
      const versions = (): number[] =>
        feed.log.notices.flatMap(notice => (notice.kind === "changed" ? [notice.version] : []))
      await eventually("all of them", () => versions().length === 1000)
      assert.deepEqual(
        versions(),
        Array.from({ length: 1000 }, (_, index) => index + 1),
      )
    })

    test("it subscribes on one connection to each master, and frees it", async () => {
      const connections = async (): Promise<number[]> => {
        const lists = running.servers.map(server => server.cli("CLIENT", "LIST"))
        return (await Promise.all(lists)).map(
          list => list.split("\n").filter(line => !/ ssub=0 /.test(line)).length,
        )
      }
      await eventually("none before", async () => (await connections()).every(count => count === 0))
      {
        await using _feed = await observed()
        assert.deepEqual(await connections(), [1, 1, 1])
      }
      await eventually("none after", async () => (await connections()).every(count => count === 0))
    })

    test("a slot that moves to another master is a gap, and all buckets are heard again", async () => {
      await using feed = await observed()
      for (const channel of CHANNELS.slice(0, 3)) {
        const { recoveries } = feed.log
        await moveSlot(channel)
        await eventually("a gap that has ended", () => feed.log.recoveries > recoveries)
        await allArrive(feed.log)
      }
    })

    test("a slot that moves is told before the next heartbeat", async () => {
      await using feed = await observed(1_000_000)
      await moveSlot(CHANNELS[0] ?? "")
      await eventually("a gap that has ended", () => feed.log.recoveries > 0)
    })

    test("a killed connection to one master is a gap", async () => {
      await using feed = await observed()
      for (const server of running.servers) {
        const { recoveries } = feed.log
        await server.cli("CLIENT", "KILL", "TYPE", "pubsub")
        await eventually("a gap that has ended", () => feed.log.recoveries > recoveries)
      }
      await allArrive(feed.log)
    })

    test("a master that is killed and started again is a gap, and all buckets are heard again", async () => {
      await using feed = await observed()
      const [server] = running.servers
      await server.kill()
      await eventually("told", () => !feed.log.isConnected)
      await server.start()
      await isWhole(running)
      await eventually("connected", () => feed.log.isConnected)
      await allArrive(feed.log)
    })
  })
}
