import pg from "pg"
import type { Notice } from "../../../src/contract/feed.ts"
import {
  channelFor,
  type Heartbeat,
  readPayload,
  type Unknown,
} from "../../../src/stores/postgres/notices.ts"
import { eventually } from "../../services/eventually.ts"

export interface Hearing {
  /** What has been announced so far. */
  readonly heard: (Notice | Heartbeat | Unknown)[]
  /** Resolves when everything that was announced before this call has been heard. */
  readonly caughtUp: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Listens to what is announced of one installation, by itself and without a feed. */
export async function listenTo(url: string, schema = "public", prefix = "sojourn_"): Promise<Hearing> {
  const client = new pg.Client({ connectionString: url })
  const heard: Hearing["heard"] = []
  let markers = 0
  await client.connect()
  const channel = channelFor(schema, prefix)
  client.on("notification", ({ channel: from, payload = "" }) => {
    if (from === channel) heard.push(...readPayload(payload))
    else markers++
  })
  await client.query(`LISTEN ${client.escapeIdentifier(channel)}; LISTEN marker`)
  return {
    heard,
    async caughtUp() {
      const wanted = markers + 1
      await client.query("NOTIFY marker")
      await eventually("the marker", async () => markers >= wanted)
    },
    stop: () => client.end(),
  }
}
