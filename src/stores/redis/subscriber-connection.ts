import { serverCode } from "./errors.ts"
import type { ServerClient, SubscriberConnection } from "./subscriber.ts"

/** Pub/sub of one server (`PUBLISH`), or sharded as in a cluster (`SPUBLISH`). */
export type PublishCommand = "PUBLISH" | "SPUBLISH"

/** What a connection is for. */
export type Use = "listen" | "speak"

/** Two connections to one server: with RESP2 a connection that has subscribed can no longer publish. */
export function subscriberConnection(
  open: (use: Use) => ServerClient,
  publishCommand: PublishCommand,
): SubscriberConnection {
  const listener = open("listen")
  const speaker = open("speak")
  let subscribed: readonly string[] = []
  const requireStaying = async (): Promise<void> => {
    if (publishCommand === "SPUBLISH") await Promise.all(subscribed.map(channel => ask(speaker, channel)))
  }
  return {
    async subscribe(channels, onMessage) {
      subscribed = channels
      await Promise.all([listener.connect(), speaker.connect()])
      // One by one: a cluster refuses a command with channels of several slots.
      await Promise.all(channels.map(channel => listener.subscribe(channel, onMessage)))
    },
    async publish(channel, text) {
      // In one write, so that the role is the one at the moment of publishing: a former master still takes what is
      // published, but hears of the new master's changes in another order.
      const [role] = await Promise.all([
        speaker.command("ROLE").catch(() => undefined),
        speaker.command(publishCommand, channel, text),
        requireStaying(),
      ])
      if (isReplica(role)) throw new Error("the server is a replica")
    },
    onLost(callback) {
      listener.onLost(callback)
      speaker.onLost(callback)
    },
    async close() {
      await Promise.all([listener.close(), speaker.close()])
    },
  }
}

/** Where `ROLE` is not allowed, its answer is `undefined`, and the server counts as a master. */
const isReplica = (role: unknown): boolean => Array.isArray(role) && String(role[0]) !== "master"

/**
 * Fails while the channel's slot is on its way to another master: of keys that have arrived there, the changes are published
 * there, while subscribers stay here until the whole slot has moved. There is no key of the channel's name, so its server
 * answers ASK from the moment on at which a key may have left.
 */
async function ask(speaker: ServerClient, channel: string): Promise<void> {
  try {
    await speaker.command("EXISTS", channel)
  } catch (error) {
    if (serverCode(error) !== "ASK") throw error
    throw new Error("a channel is moving to another master", { cause: error })
  }
}
