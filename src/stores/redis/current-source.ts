import type { Connection } from "./connection.ts"
import type { SubscriberSource } from "./subscriber.ts"
import { subscriberSource } from "./subscriber-source.ts"

/** Subscribers on the pattern of the connection's client of the moment, since it may be replaced. */
export function currentSource(connection: Connection): SubscriberSource {
  let { live } = connection.client
  let source = subscriberSource(live)
  return {
    locate(channels, signal) {
      if (connection.client.live !== live) {
        live = connection.client.live
        source = subscriberSource(live)
      }
      return source.locate(channels, signal)
    },
  }
}
