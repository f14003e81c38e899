import { basename } from "node:path"
import { after } from "node:test"
import { Redis } from "ioredis"
import { createRedisStore, parseRedisUrl, type RedisSessionStore } from "../../src/stores/redis/index.ts"
import { redisClusterUrl, redisUrl } from "../services/redis.ts"
import type { FullStore, ServerKind, StoreKind } from "./store-kind.ts"

const prefixOf = (place: string): string => `${basename(place)}:`

/** One server, or all masters of a Cluster; a prefix of its own for each place. */
function kindOf(name: string, url: string): StoreKind {
  const { target } = parseRedisUrl(url)
  const masters = target.nodes.map(({ host, port }) => new Redis({ host, port, lazyConnect: true }))
  after(() => {
    for (const master of masters) master.disconnect()
  })
  return {
    name,
    open: (now, place) => createRedisStore({ url, prefix: prefixOf(place) }, { now }),
    async dump(place) {
      const parts = await Promise.all(masters.map(master => dumpOf(master, prefixOf(place))))
      return parts.flat().join("\n")
    },
    async remove(place) {
      for (const master of masters) {
        for (const key of await keysOf(master, prefixOf(place))) await master.unlink(key)
      }
    },
  }
}

async function keysOf(master: Redis, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const page of master.scanStream({ match: `${prefix}*`, count: 1000 })) keys.push(...page)
  return keys
}

/** How all of a key is read, by its type. */
const READS: Readonly<Record<string, readonly [command: string, ...rest: string[]]>> = {
  hash: ["HGETALL"],
  zset: ["ZRANGE", "0", "-1", "WITHSCORES"],
  string: ["GET"],
}

/** All that is under each key, plain and as a backup has it, where long texts may be compressed. */
async function dumpOf(master: Redis, prefix: string): Promise<string[]> {
  const parts: string[] = []
  for (const key of await keysOf(master, prefix)) {
    const [command = "", ...rest] = READS[await master.type(key)] ?? []
    parts.push(key, ...textsIn(await master.callBuffer(command, key, ...rest)))
    parts.push(...textsIn(await master.dumpBuffer(key)))
  }
  return parts
}

const textsIn = (reply: unknown): string[] =>
  Array.isArray(reply) ? reply.flatMap(textsIn) : reply instanceof Buffer ? [reply.toString("latin1")] : []

const [single, cluster] = await Promise.all([redisUrl(), redisClusterUrl()])

export const redis: ServerKind = {
  ...kindOf("redis", single),
  port: Number(new URL(single).port),
  async openThrough(proxy, what, place) {
    const prefix = prefixOf(place)
    const through = await createRedisStore({ url: proxy.via(single), prefix })
    return what === "everything" ? through : hearing(through, await createRedisStore({ url: single, prefix }))
  },
}

/** A store with the feed of another one. */
function hearing(ears: RedisSessionStore, store: RedisSessionStore): FullStore {
  const close = store.close.bind(store)
  return Object.assign(store, {
    observe: ears.observe.bind(ears),
    close: async () => void (await Promise.all([ears.close(), close()])),
  })
}

export const redisCluster: StoreKind = kindOf("a redis cluster", cluster)
