import { setImmediate as nextTurn } from "node:timers/promises"
import { SessionError } from "../../contract/errors.ts"
import { type OpenFile, writeAll } from "./file-system.ts"
import { LineGroup } from "./line-group.ts"

/** A file to go on in, with its length. */
export interface Successor {
  readonly file: OpenFile
  readonly size: number
}

/**
 * The end of the journal: appends lines in the order given, in groups. Whatever arrives while one group is on its way
 * to the disk makes up the next one: one write and one sync, however many callers.
 *
 * After a failed write or sync nobody can tell what the disk holds, so the journal refuses everything from then on, until
 * the file is opened, and thereby read, again.
 */
export class Journal {
  #file: OpenFile
  #size: number
  #forming = new LineGroup(0)
  #moves: (() => Promise<void>)[] = []
  #draining: Promise<void> | undefined
  #failure: { readonly cause: unknown } | undefined

  /** `size`: the length of the file, all of it synced. */
  constructor(file: OpenFile, size: number) {
    this.#file = file
    this.#size = size
  }

  /** The length of what is stored. */
  get size(): number {
    return this.#size
  }

  get file(): OpenFile {
    return this.#file
  }

  /** @throws SessionError `ERR_SESSION_STORE_UNAVAILABLE` when a write has failed before */
  assertSound(): void {
    if (this.#failure) throw unavailable(this.#failure.cause)
  }

  /**
   * Resolves once the lines are written, and synced too when `durable`; `stored` runs just before. Without lines it
   * waits for those that came earlier.
   */
  append(texts: readonly string[], durable: boolean, stored: () => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.assertSound()
      for (const text of texts) this.#forming.add(text)
      if (durable && texts.length > 0) this.#forming.durable = true
      this.#forming.waiters.push({ stored, resolve, reject })
      this.#wake()
    })
  }

  /**
   * Goes on in another file. `prepare` runs while no group is on its way: it has to put in this file's place one that
   * holds the same. When it rejects, this file stays.
   */
  moveTo(prepare: () => Promise<Successor>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#moves.push(() => this.#move(prepare).then(resolve, reject))
      this.#wake()
    })
  }

  /** Waits until everything is written, makes it last, and closes the file. */
  async close(): Promise<void> {
    await this.#draining
    try {
      if (!this.#failure) await this.#file.datasync()
    } catch (error) {
      this.fail(error)
      throw unavailable(error)
    } finally {
      await this.#file.close().catch(error => this.fail(error))
    }
  }

  /** From now on everything is refused. */
  fail(cause: unknown): void {
    this.#failure ??= { cause }
  }

  #wake(): void {
    this.#draining ??= this.#drain()
  }

  async #drain(): Promise<void> {
    for (;;) {
      // What is called in one turn of the event loop goes to the disk together.
      await nextTurn()
      const move = this.#moves.shift()
      if (move) await move()
      else if (this.#forming.waiters.length > 0) await this.#store()
      else break
    }
    this.#draining = undefined
  }

  async #store(): Promise<void> {
    const group = this.#forming
    this.#forming = group.next()
    try {
      this.assertSound()
      if (group.size > 0) await writeAll(this.#file, group.toBytes())
      if (group.durable) await this.#file.datasync()
    } catch (error) {
      this.fail(error)
      for (const { reject } of group.waiters) reject(unavailable(this.#failure?.cause))
      return
    }
    this.#size += group.size
    for (const { stored } of group.waiters) stored()
    for (const { resolve } of group.waiters) resolve()
  }

  async #move(prepare: () => Promise<Successor>): Promise<void> {
    this.assertSound()
    const { file, size } = await prepare()
    const left = this.#file
    this.#file = file
    this.#size = size
    // Nothing is read from it or written to it any more.
    await left.close().catch(() => {})
  }
}

const unavailable = (cause: unknown): SessionError =>
  new SessionError(
    "ERR_SESSION_STORE_UNAVAILABLE",
    `The session file can no longer be written (${cause instanceof Error ? cause.message : String(cause)}), so nobody can ` +
      "tell what the disk holds: the store takes no more changes. See to the cause, then open the store again.",
    cause,
  )
