/** Loads a server with as many requests as it answers. */
import { answering } from "./child.ts"
import { autocannon } from "./peers.ts"

export interface Question {
  readonly url: string
  readonly cookie: string
  readonly seconds: number
}

const CONNECTIONS = 32

const load = await autocannon()

/** How many requests a second were answered. Anything but an answer of 2xx is an error. */
answering(async ({ url, cookie, seconds }: Question): Promise<number> => {
  const { requests, duration, errors, non2xx } = await load({
    url,
    connections: CONNECTIONS,
    duration: seconds,
    headers: { cookie },
  })
  if (errors + non2xx > 0) throw new Error(`${errors + non2xx} requests to ${url} failed`)
  return requests.total / duration
})
