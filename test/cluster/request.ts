import { request as send } from "node:http"
import type { NodeAnswer } from "./node.ts"

/** A node's answer, and the cookies that came with it. */
export interface Answered extends NodeAnswer {
  readonly cookies: readonly string[]
}

/** How long a client waits. */
const PATIENCE = 8_000

/** One request on a connection of its own. `undefined`: nobody knows what became of it. */
export function request(port: number, path: string, cookie: string): Promise<Answered | undefined> {
  return new Promise(resolve => {
    const headers = { ...(cookie && { cookie }) }
    const outgoing = send({ port, path, headers, agent: false, timeout: PATIENCE }, incoming => {
      let text = ""
      incoming.setEncoding("utf8")
      incoming.on("data", part => {
        text += part
      })
      incoming.on("error", () => resolve(undefined))
      incoming.on("end", () => {
        if (incoming.statusCode !== 200) return resolve(undefined)
        resolve({ ...(JSON.parse(text) as NodeAnswer), cookies: incoming.headers["set-cookie"] ?? [] })
      })
    })
    outgoing.on("timeout", () => outgoing.destroy())
    outgoing.on("error", () => resolve(undefined))
    outgoing.end()
  })
}
