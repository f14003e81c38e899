import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import type { SessionManager } from "../../src/core/manager.ts"
import type { Session } from "../../src/core/session.ts"
import type { FullStore, StoreKind } from "../promises/store-kind.ts"
import { stores } from "../promises/stores.ts"
import { anyStore, deliveryOf, type Trial, touchesStored, trial } from "../promises/trial.ts"
import { ABSOLUTE, type Expected, IDLE, ModelObject, World } from "./model/world.ts"

type Data = Record<string, number>

const KEYS = ["a", "b", "c"] as const
const OBJECTS = 3

const at = fc.record({
  object: fc.nat(OBJECTS - 1),
  key: fc.constantFrom(...KEYS),
  value: fc.nat(9),
})
const names = ["get", "set", "delete", "increment", "take", "save", "save", "rotate", "logout"] as const
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ name: fc.constantFrom(...names), at }) },
  { weight: 3, arbitrary: fc.record({ name: fc.constant("open" as const), at, token: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({ name: fc.constant("login" as const), at, user: fc.constantFrom("anna", "bob") }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      name: fc.constant("wait" as const),
      time: fc.constantFrom(1, IDLE / 2, IDLE - 1, IDLE),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer Each> ? Each : never

/** A real session object beside its model. */
interface Pair {
  readonly session: Session<Data>
  readonly model: ModelObject
}

/** Runs the same steps against a manager and against the model. */
class Run {
  readonly refusals = new Set<unknown>()
  readonly #manager: SessionManager<Data>
  readonly #clock: Trial<FullStore>["clock"]
  readonly #world: World
  readonly #tokens: string[] = []
  readonly #pairs: Pair[] = []

  constructor({ clock }: Trial<FullStore>, manager: SessionManager) {
    this.#clock = clock
    this.#manager = manager as SessionManager<Data>
    this.#world = new World(clock.now())
  }

  /** All objects begin over one session. */
  async begin(): Promise<void> {
    await this.#open(0, -1)
    await this.take({ name: "set", at: { object: 0, key: "a", value: 1 } })
    await this.take({ name: "save", at: { object: 0, key: "a", value: 1 } })
    for (let object = 1; object < OBJECTS; object++) await this.#open(object, 0)
  }

  async take(step: Step): Promise<void> {
    if (step.name === "wait") {
      this.#clock.advance(step.time)
      this.#world.now = this.#clock.now()
      return
    }
    if (step.name === "open") return await this.#open(step.at.object, this.#tokens.length - 1 - step.token)
    const pair = this.#pairs[step.at.object]
    assert.ok(pair)
    const actual = await outcomeOf(() => act(pair.session, step))
    assert.deepEqual(actual, expect(pair.model, step), step.name)
    if ("error" in actual) this.refusals.add(actual.error)
    this.#collect(pair.session)
    assert.equal(pair.session.isStored, pair.model.isStored)
    assert.equal(pair.session.userId, pair.model.user)
  }

  /** What the store has at the end is what the model has. */
  async check(): Promise<void> {
    assert.equal(this.#tokens.length, this.#world.tokens.length)
    for (const [index, token] of this.#tokens.entries()) {
      const model = this.#world.tokens[index]
      assert.ok(model)
      const session = await this.#manager.open(token, { touch: false })
      assert.equal(session.isStored, this.#world.opens(model))
      if (!session.isStored) continue
      const stored = session.keys().map(key => [key, session.get(key)] as const)
      assert.deepEqual(new Map(stored), model.session.data)
      assert.equal(session.expiresAt, model.session.expiresAt)
    }
  }

  async #open(object: number, index: number): Promise<void> {
    const session = await this.#manager.open(this.#tokens[index])
    this.#pairs[object] = { session, model: new ModelObject(this.#world, this.#world.tokens[index]) }
    await touchesStored(this.#manager as SessionManager)
    assert.equal(session.isStored, this.#pairs[object].model.isStored)
  }

  /** The client keeps what it is told. */
  #collect(session: Session<Data>): void {
    const delivery = deliveryOf(session)
    if (delivery?.kind === "issue" && !this.#tokens.includes(delivery.token))
      this.#tokens.push(delivery.token)
  }
}

type Action = Exclude<Step, { name: "wait" | "open" }>

function act(session: Session<Data>, step: Action): unknown {
  const { key, value } = step.at
  switch (step.name) {
    case "set":
      session.set(key, value)
      return undefined
    case "increment":
      return session.update(key, (count = 0) => count + 1)
    case "login":
      return session.login(step.user)
    default:
      return session[step.name](key)
  }
}

function expect(model: ModelObject, step: Action): Expected {
  if (step.name === "login") return model.login(step.user)
  return model[step.name](step.at.key, step.at.value)
}

async function outcomeOf(call: () => unknown): Promise<object> {
  try {
    return { value: await call() }
  } catch (error) {
    return { error: (error as { code?: string }).code }
  }
}

const on = (object: number) => ({ object, key: "b" as const, value: 2 })

/** Of three objects over one session, the first rotates and then logs out: the others' changes meet every kind of refusal. */
const MEETING_BOTH: Step[] = [
  { name: "rotate", at: on(0) },
  { name: "set", at: on(1) },
  { name: "save", at: on(1) },
  { name: "logout", at: on(0) },
  { name: "set", at: on(2) },
  { name: "save", at: on(2) },
]

function agrees(kind: StoreKind, runs: number, encryptAtRest = false): void {
  const on = encryptAtRest ? `${kind.name}, encrypted at rest` : kind.name
  it(`any sequence of operations of several objects over its sessions agrees with the model, on ${on}`, async t => {
    const place = await trial(t, kind)
    const manager = place.manager({ idleTimeout: IDLE, absoluteTimeout: ABSOLUTE, encryptAtRest })
    const refusals = new Set<unknown>()
    const sequences = fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async steps => {
      const run = new Run(place, manager)
      await run.begin()
      for (const each of steps) await run.take(each)
      await run.check()
      for (const refusal of run.refusals) refusals.add(refusal)
    })
    await fc.assert(sequences, { numRuns: runs, examples: [[MEETING_BOTH]] })
    const known = ["ERR_SESSION_CONFLICT", "ERR_SESSION_GONE"]
    assert.deepEqual([...refusals].sort(), known, "the runs met both refusals, and no other")
  })
}

describe("the core", () => {
  agrees(anyStore, 250)
  agrees(anyStore, 100, true)
  for (const kind of stores) {
    const runs = ["memory", "file"].includes(kind.name) ? 40 : 15
    agrees(kind, runs)
    agrees(kind, runs, true)
  }
})
