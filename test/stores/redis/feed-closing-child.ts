/** Opens a feed at the port that is given and closes it again: this process must end by itself then. */
import { setTimeout as sleep } from "node:timers/promises"
import { Redis } from "ioredis"
import { createClient } from "redis"
import { openPubSubFeed } from "../../../src/stores/redis/feed.ts"
import { subscriberSource } from "../../../src/stores/redis/subscriber-source.ts"
import { FeedLog } from "./feed-log.ts"

const [library, port, milliseconds] = process.argv.slice(2)
const client =
  library === "ioredis"
    ? new Redis(Number(port), "127.0.0.1", { lazyConnect: true })
    : createClient({ url: `redis://127.0.0.1:${port}` })

const log = new FeedLog()
const feed = openPubSubFeed({
  source: subscriberSource(client),
  channels: ["sojourn:{0}:feed"],
  observer: log,
  heartbeatInterval: 20,
})
await sleep(Number(milliseconds))
await feed.close()
process.stdout.write(JSON.stringify({ connections: log.count("connected"), isConnected: log.isConnected }))
