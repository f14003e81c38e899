import type { SeededRandom } from "../../src/testing/seeded-random.ts"
import { eventually } from "../services/eventually.ts"
import type { History } from "./history.ts"
import { Jar } from "./jar.ts"
import { type Answered, request } from "./request.ts"

const KEYS = ["a", "b", "c", "d"] as const

/** One client with its cookies. It remembers what it was shown, and writes it all down. */
export class Client {
  id: string | undefined
  busy = false
  #jar = new Jar()
  /** The cookies of a session that has ended: whoever has stolen them tries them later. */
  #stolen: Jar | undefined
  #countSeen = 0
  #value = 0
  readonly #user: string
  readonly #port: number
  readonly #history: History
  readonly #random: SeededRandom

  constructor(user: string, port: number, history: History, random: SeededRandom) {
    this.#user = user
    this.#port = port
    this.#history = history
    this.#random = random
  }

  /** One thing or another, as chance has it. */
  async act(): Promise<void> {
    if (this.#stolen && this.#random.onceIn(2)) return await this.#tryStolen(this.#stolen)
    if (this.id === undefined) return await this.#login()
    const dice = this.#random.below(100)
    if (dice < 55) await this.#read()
    else if (dice < 70) await this.#set()
    else if (dice < 85) await this.#increment()
    else if (dice < 93) await this.#several()
    else if (dice < 97) await this.#logout()
    else await this.#login()
  }

  /** Logs in, stores something, and is seen by every node. */
  async settle(nodes: number): Promise<void> {
    await this.#login()
    await this.#increment()
    for (let node = 0; node < nodes; node++) await this.#read()
  }

  /** Changes the session on one node, and reads it on each at once. */
  async changeAndRead(nodes: number): Promise<void> {
    await this.#increment()
    for (let node = 0; node < nodes; node++) await this.#read()
  }

  async logout(): Promise<void> {
    if (this.id !== undefined) await this.#logout()
  }

  /** Tries the cookies of the session that was logged out, on every node. */
  async tryStolen(nodes: number): Promise<void> {
    const stolen = this.#stolen
    for (let node = 0; stolen && node < nodes; node++) {
      const from = performance.now()
      const answer = await this.#send(stolen, "/read")
      if (answer?.id) this.#show(answer, from, 0, false, 0)
    }
  }

  /** What is left of the session, once all is quiet. */
  async look(): Promise<void> {
    const { id } = this
    if (id === undefined) return
    await eventually("every node answers, once all is quiet", async () => {
      const answer = await this.#send(this.#jar, "/read")
      if (answer) this.#history.remains.set(id, answer.id === id ? answer.data : undefined)
      return answer !== undefined
    })
  }

  async #read(): Promise<void> {
    await this.#see("/read", false, this.#countSeen)
  }

  async #set(): Promise<void> {
    const key = KEYS[this.#random.below(KEYS.length)] ?? "a"
    const value = ++this.#value
    const { id = "" } = this
    const wanted = this.#history.of(id).key(key)
    wanted.unsure.add(value)
    const answer = await this.#see(`/set?key=${key}&value=${value}`, true, this.#countSeen)
    if (answer?.id !== id) return
    wanted.unsure.delete(value)
    wanted.sure = Math.max(wanted.sure, value)
  }

  async #increment(): Promise<void> {
    const { id = "" } = this
    const { increments } = this.#history.of(id)
    increments.unsure += 1
    const answer = await this.#see("/increment", true, this.#countSeen)
    if (answer?.id !== id) return
    increments.unsure -= 1
    increments.sure += 1
  }

  /** Requests at the same time, as of a page with many parts: their answers overtake each other. */
  async #several(): Promise<void> {
    this.#countSeen = 0
    await Promise.all([this.#set(), this.#increment(), this.#read()])
    // Of cookies that overtook each other the older one may have won: only it counts from here on.
    this.#countSeen = 0
    await this.#read()
  }

  async #login(): Promise<void> {
    const { id } = this
    if (id !== undefined) this.#history.of(id).mayHaveEnded = true
    const answer = await this.#send(this.#jar, `/login?user=${this.#user}`)
    if (!answer?.id) return this.#startAnew()
    if (answer.id === id) this.#history.of(id).mayHaveEnded = false
    else this.#countSeen = 0
    this.id = answer.id
    this.#history.of(answer.id).user = this.#user
  }

  async #logout(): Promise<void> {
    const { id = "" } = this
    const stolen = new Jar()
    stolen.keep(this.#jar.header.split("; "))
    this.#history.of(id).mayHaveEnded = true
    const answer = await this.#send(this.#jar, "/logout")
    const at = performance.now()
    for (const ended of answer?.ended ?? [])
      this.#history.ended.push({ node: answer?.node ?? -1, id: ended, at })
    this.#stolen = stolen
    this.#startAnew()
  }

  async #tryStolen(stolen: Jar): Promise<void> {
    const wrote = this.#random.onceIn(3)
    const from = performance.now()
    const answer = await this.#send(stolen, wrote ? "/increment" : "/read")
    if (answer?.id) this.#show(answer, from, 0, wrote, 0)
    if (this.#random.onceIn(30)) this.#stolen = undefined
  }

  /** A request whose answer shows the session. */
  async #see(path: string, wrote: boolean, countSeen: number): Promise<Answered | undefined> {
    const { id } = this
    const from = performance.now()
    const named = this.#jar.version
    const answer = await this.#send(this.#jar, path)
    if (!answer) return undefined
    if (answer.id === undefined) {
      if (id !== undefined && this.id === id) {
        this.#history.refused.push(id)
        this.#startAnew()
      }
      return answer
    }
    this.#show(answer, from, answer.id === id ? named : 0, wrote, countSeen)
    this.#countSeen = Math.max(this.#countSeen, answer.data?.["count"] ?? 0)
    return answer
  }

  #show(answer: Answered, from: number, named: number, wrote: boolean, countSeen: number): void {
    const { node, id = "", version = 0, data = {} } = answer
    this.#history.shown.push({ node, id, from, version, count: data["count"] ?? 0, named, countSeen, wrote })
  }

  #startAnew(): void {
    this.id = undefined
    this.#jar = new Jar()
    this.#countSeen = 0
  }

  async #send(jar: Jar, path: string): Promise<Answered | undefined> {
    const answer = await request(this.#port, path, jar.header)
    if (answer) jar.keep(answer.cookies)
    return answer
  }
}
