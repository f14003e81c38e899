import type { Change, DataChange, Lifetime, Rotate, Seen } from "../../contract/change.ts"
import type { AuthenticationMethod, Login, SessionRecord } from "../../contract/record.ts"
import { create, patch, revoke, rotate, touch } from "../changes.ts"
import { dataOf, SECOND } from "../record-builder.ts"
import type { SeededRandom } from "../seeded-random.ts"
import type { Trial } from "../trial.ts"
import type { ModelStore } from "./model-store.ts"

export const USERS = ["ada", "bob", "__proto__"] as const
export const EXTERNAL_IDS = ["sid", "ada", "__proto__"] as const
const KEYS = ["a", "b", "c", "__proto__"] as const

/** Draws changes of a few sessions, most of them sensible, some stale, some hopeless. */
export class RandomChanges {
  readonly #random: SeededRandom
  readonly #trial: Trial
  readonly #model: ModelStore
  readonly #ids: readonly string[]

  constructor(random: SeededRandom, trial: Trial, model: ModelStore) {
    this.#random = random
    this.#trial = trial
    this.#model = model
    this.#ids = Array.from({ length: 4 }, () => trial.records.id())
  }

  batch(): Change[] {
    const size = this.#random.onceIn(4) ? 1 + this.#random.below(6) : 1
    return Array.from({ length: size }, () => this.#change())
  }

  #change(): Change {
    const record = this.#target()
    switch (
      this.#random.pick("create", "create", "patch", "patch", "patch", "touch", "touch", "rotate", "revoke")
    ) {
      case "create":
        return create(this.#created(record.id))
      case "patch":
        return patch({ id: record.id, epoch: this.#near(record.epoch) }, this.#patchFields(record))
      case "touch":
        return touch(record, this.#seen(), this.#maybe(this.#near(record.generation)))
      case "rotate":
        return this.#rotation(record)
      default:
        return revoke(record)
    }
  }

  /** The state of one of the sessions before the batch; a made-up one where there is none. */
  #target(): SessionRecord {
    const [first = "", ...others] = this.#ids
    const id = this.#random.pick(first, ...others)
    return this.#model.find(id, this.#trial.now) ?? this.#created(id)
  }

  #created(id: string): SessionRecord {
    const { records } = this.#trial
    const previous = { secretHash: records.hash(), confirmedAt: undefined }
    return records.record({
      ...{ id, ...this.#lifetime(), data: this.#data().set, login: this.#login() },
      ...{ previous: this.#maybe(previous), version: this.#random.below(3), epoch: this.#random.below(2) },
    })
  }

  #patchFields(record: SessionRecord): Partial<Parameters<typeof patch>[1]> {
    return {
      ...this.#data(),
      ...this.#sometimes({ ifVersion: this.#near(record.version) }),
      ...this.#extras(),
    }
  }

  #rotation(record: SessionRecord): Rotate {
    const secretHash = this.#trial.records.hash()
    const { epoch, generation } = record
    const stale = { ...record, epoch: this.#near(epoch), generation: this.#near(generation) }
    return rotate(stale, {
      ...{ secretHash, at: this.#trial.now, previousSecretHash: this.#maybe(record.secretHash) },
      ...{ ...this.#data(), ...this.#sometimes({ privilege: { login: this.#login() } }), ...this.#extras() },
    })
  }

  #extras(): { client?: { label: string }; lifetime?: Lifetime; seen?: Seen } {
    return {
      ...this.#sometimes({ client: { label: `${this.#random.below(9)}` } }),
      ...this.#sometimes({ lifetime: this.#lifetime() }),
      ...this.#sometimes({ seen: this.#seen() }),
    }
  }

  #data(): DataChange {
    const [first, ...others] = KEYS
    const key = () => this.#random.pick<string>(first, ...others)
    const end = this.#sometimes({ expiresAt: this.#soon(60) })
    const set = dataOf([key(), { text: `${this.#random.below(1000)}`, ...end }], [key(), "plain"])
    return { set, unset: this.#random.onceIn(2) ? [key()] : [] }
  }

  #login(): Login | undefined {
    // One user has more sessions than the others, so that several of them live at the same time.
    const userId = this.#random.pick<string>("ada", ...USERS)
    const { now } = this.#trial
    return this.#maybe({
      ...{ userId, authenticatedAt: now - this.#random.below(5) },
      methods: Array.from({ length: this.#random.below(3) }, () => this.#method()),
      ...this.#sometimes({ assurance: `${this.#random.below(3)}` }),
      ...this.#sometimes({ externalId: this.#random.pick<string>("sid", ...EXTERNAL_IDS) }),
    })
  }

  #method(): AuthenticationMethod {
    return { name: this.#random.pick("pwd", "otp"), at: this.#trial.now - this.#random.below(5) }
  }

  #lifetime(): Lifetime {
    const [end, absoluteExpiresAt] = [this.#soon(120), this.#soon(300)]
    const expiresAt = Math.min(end, absoluteExpiresAt)
    return { idleTimeout: 120 * SECOND, absoluteExpiresAt, expiresAt, persistent: this.#random.onceIn(2) }
  }

  #seen(): Seen {
    const at = this.#trial.now - this.#random.below(20 * SECOND)
    return { at, expiresAt: at + 120 * SECOND }
  }

  /** Within so many seconds from now, in whole seconds: so that ends often fall together. */
  #soon(seconds: number): number {
    return this.#trial.now + SECOND * (1 + this.#random.below(seconds))
  }

  /** The number itself most of the time, one beside it at others. */
  #near(number: number): number {
    return this.#random.onceIn(6) ? number + this.#random.pick(-1, 1) : number
  }

  #maybe<T>(value: T): T | undefined {
    return this.#random.onceIn(2) ? value : undefined
  }

  #sometimes<T extends object>(fields: T): Partial<T> {
    return this.#random.onceIn(3) ? fields : {}
  }
}
