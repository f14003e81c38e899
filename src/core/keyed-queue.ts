/**
 * Runs tasks of one key one after another, those of different keys side by side. A failure that `endsAll` also fails the
 * tasks that wait behind it: they need not find out one by one, each after its own deadline, that a store is down.
 */
export class KeyedQueue {
  readonly #tails = new Map<string, Promise<unknown>>()
  readonly #endsAll: (error: unknown) => boolean

  constructor(endsAll: (error: unknown) => boolean) {
    this.#endsAll = endsAll
  }

  /** The task is told whether it is alone: whether no other of its key was before it. */
  async run<Result>(key: string, task: (alone: boolean) => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(key)
    const result = (before ?? Promise.resolve()).then(() => task(before === undefined))
    const tail = result.catch(error => {
      if (this.#endsAll(error)) throw error
    })
    tail.catch(() => undefined)
    this.#tails.set(key, tail)
    try {
      return await result
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
  }
}
