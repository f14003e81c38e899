import { Cluster, Redis } from "ioredis"
import { createClient, createCluster, createSentinel } from "redis"

/** A client as an application has it, connected. */
export interface GivenClient extends AsyncDisposable {
  readonly client: object
}

/** Both libraries. */
export const libraries = {
  "node-redis": { single: nodeRedisSingle, cluster: nodeRedisCluster, sentinel: nodeRedisSentinel },
  ioredis: { single: ioredisSingle, cluster: ioredisCluster, sentinel: ioredisSentinel },
}

async function nodeRedisSingle(port: number): Promise<GivenClient> {
  const client = createClient({ url: `redis://127.0.0.1:${port}` })
  client.on("error", () => undefined)
  await client.connect()
  return { client, [Symbol.asyncDispose]: async () => client.destroy() }
}

async function nodeRedisCluster(ports: readonly number[]): Promise<GivenClient> {
  const client = createCluster({ rootNodes: ports.map(port => ({ url: `redis://127.0.0.1:${port}` })) })
  client.on("error", () => undefined)
  await client.connect()
  return { client, [Symbol.asyncDispose]: async () => client.destroy() }
}

async function ioredisSingle(port: number): Promise<GivenClient> {
  const client = new Redis(port, "127.0.0.1", { lazyConnect: true, keyPrefix: "app:" })
  client.on("error", () => undefined)
  await client.connect()
  return { client, [Symbol.asyncDispose]: async () => client.disconnect() }
}

async function ioredisCluster(ports: readonly number[]): Promise<GivenClient> {
  const client = new Cluster(
    ports.map(port => ({ host: "127.0.0.1", port })),
    { lazyConnect: true, keyPrefix: "app:" },
  )
  client.on("error", () => undefined)
  await client.connect()
  return { client, [Symbol.asyncDispose]: async () => client.disconnect() }
}

async function nodeRedisSentinel(port: number): Promise<GivenClient> {
  const client = createSentinel({ name: "sojourn", sentinelRootNodes: [{ host: "127.0.0.1", port }] })
  client.on("error", () => undefined)
  await client.connect()
  return { client, [Symbol.asyncDispose]: () => client.destroy() }
}

async function ioredisSentinel(port: number): Promise<GivenClient> {
  const client = new Redis({ name: "sojourn", sentinels: [{ host: "127.0.0.1", port }], lazyConnect: true })
  client.on("error", () => undefined)
  await client.connect()
  return { client, [Symbol.asyncDispose]: async () => client.disconnect() }
}
