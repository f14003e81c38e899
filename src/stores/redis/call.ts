import { setTimeout as delay } from "node:timers/promises"
import type { Client, Command, Reply } from "./client.ts"
import { isUnderWay, serverCode } from "./errors.ts"
import type { Script } from "./scripts/script.ts"

/** The commands of one call of the store. What is sent in one go leaves in one go. */
export interface Call {
  send(key: string | undefined, command: Command): Promise<Reply>
  /**
   * Runs a script on the keys; sends its text when the server does not know it, or no more. Waits while a Cluster
   * moves the keys to another node.
   */
  run(script: Script, keys: readonly string[], values: readonly string[]): Promise<Reply>
  /** One of the keys for each node that serves them. */
  oneForEachNode(keys: readonly string[]): string[]
}

/** Nothing leaves once the signal is aborted. Tells of every reply, an error's too. */
export function beginCall(client: Client, signal: AbortSignal, onReply: () => void): Call {
  const call: Call = {
    async send(key, command) {
      if (signal.aborted) throw signal.reason
      try {
        const reply = await client.send(key, command, signal)
        onReply()
        return reply
      } catch (error) {
        if (serverCode(error) !== "") onReply()
        throw error
      }
    },
    async run(script, keys, values) {
      for (;;) {
        try {
          return await evaluate(call, script, keys, values)
        } catch (error) {
          if (!isUnderWay(error)) throw error
          await delay(20, undefined, { signal })
        }
      }
    },
    oneForEachNode: keys => [...new Map(keys.map(key => [client.nodeOf(key), key])).values()],
  }
  return call
}

async function evaluate(
  call: Call,
  { text, sha }: Script,
  keys: readonly string[],
  values: readonly string[],
): Promise<Reply> {
  const rest = [`${keys.length}`, ...keys, ...values]
  try {
    return await call.send(keys[0], ["EVALSHA", sha, ...rest])
  } catch (error) {
    if (serverCode(error) !== "NOSCRIPT") throw error
    return await call.send(keys[0], ["EVAL", text, ...rest])
  }
}
