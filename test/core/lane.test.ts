import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { Lane } from "../../src/core/lane.ts"
import { Meters } from "../../src/core/meter.ts"
import { code, times } from "../promises/trial.ts"

/** A call that a lane made, and the way to answer it. */
interface Sent {
  readonly items: readonly string[]
  readonly signal: AbortSignal
  answer(): void
  fail(error: Error): void
}

/** A lane of texts, each about its first letter; the answer to each is the text itself. */
function laneOf(maxCalls: number, deadline = 1_000) {
  const sent: Sent[] = []
  const lane = new Lane<string, string>({
    operation: "apply",
    deadline,
    maxQueued: 1_000,
    meters: new Meters(),
    maxCalls,
    subject: item => item.charAt(0),
    send: (items, signal) =>
      new Promise((resolve, reject) => {
        sent.push({ items: [...items], signal, answer: () => resolve(items), fail: reject })
      }),
  })
  return { lane, sent }
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
/** Texts about subjects of their own. */
const texts = (count: number, from = 0x4e00) => times(count, index => String.fromCharCode(from + index))

describe("a lane of several calls at once", () => {
  it("keeps what is little in one call, and what would wait behind it together", async () => {
    const { lane, sent } = laneOf(2)
    const answers = texts(16).map(text => lane.add(text))
    assert.deepEqual(
      sent.map(({ items }) => items.length),
      [1],
    )
    sent[0]?.answer()
    await turn()
    assert.deepEqual(
      sent.map(({ items }) => items.length),
      [1, 15],
    )
    sent[1]?.answer()
    assert.deepEqual(await Promise.all(answers), texts(16))
  })

  it("sends a second call beside the first once enough waits for it", async () => {
    const { lane, sent } = laneOf(2)
    const answers = texts(17).map(text => lane.add(text))
    assert.deepEqual(
      sent.map(({ items }) => items.length),
      [1, 16],
    )
    for (const each of sent) each.answer()
    assert.deepEqual(await Promise.all(answers), texts(17))
  })

  it("shares what waits out over its calls", async () => {
    const { lane, sent } = laneOf(2)
    const all = texts(101)
    const answers = all.map(text => lane.add(text))
    for (const each of sent) each.answer()
    await turn()
    assert.deepEqual(
      sent.map(({ items }) => items.length),
      [1, 16, 42],
    )
    await turn()
    assert.deepEqual(
      sent.map(({ items }) => items.length),
      [1, 16, 42, 42],
      "one call a turn",
    )
    for (const each of sent) each.answer()
    assert.deepEqual(await Promise.all(answers), all)
  })

  it("gathers what the answers of a call cause into one call", async () => {
    const { lane, sent } = laneOf(1)
    const again = texts(8).map(async text => {
      await lane.add(text)
      await lane.add(text)
    })
    sent[0]?.answer()
    await turn()
    await turn()
    sent[1]?.answer()
    await turn()
    await turn()
    assert.deepEqual(
      sent.map(({ items }) => items.length),
      [1, 7, 8],
    )
    sent[2]?.answer()
    await Promise.all(again)
  })

  it("never has one subject in two calls, and keeps the order of what is about it", async () => {
    const arbitrary = fc.array(fc.tuple(fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz"), fc.nat(3)), {
      minLength: 40,
      maxLength: 200,
    })
    await fc.assert(
      fc.asyncProperty(arbitrary, fc.infiniteStream(fc.nat(2)), async (steps, pick) => {
        const { lane, sent } = laneOf(3)
        const underWay: Sent[] = []
        const order = new Map<string, number[]>()
        let seen = 0
        const look = (): void => {
          for (const each of sent.slice(seen)) {
            const busy = new Set(underWay.flatMap(({ items }) => items.map(item => item.charAt(0))))
            for (const item of each.items) {
              assert.ok(!busy.has(item.charAt(0)), `${item} is under way already`)
              order.set(item.charAt(0), [...(order.get(item.charAt(0)) ?? []), Number(item.slice(1))])
            }
            underWay.push(each)
          }
          seen = sent.length
        }
        const answers = steps.map(([subject, pause], index) => {
          const answer = lane.add(`${subject}${index}`)
          look()
          if (pause === 0) underWay.splice((pick.next().value ?? 0) % underWay.length, 1)[0]?.answer()
          return answer
        })
        do {
          underWay.shift()?.answer()
          // The answer, and then what the lane has gathered.
          await turn()
          await turn()
          look()
        } while (underWay.length > 0)
        assert.deepEqual(
          await Promise.all(answers),
          steps.map(([subject], index) => `${subject}${index}`),
        )
        for (const numbers of order.values())
          assert.deepEqual(
            numbers,
            numbers.toSorted((a, b) => a - b),
          )
      }),
      { numRuns: 100 },
    )
  })

  it("G12: gives up a call that hangs, tells it so, and lets another one take its place", async () => {
    const { lane, sent } = laneOf(1, 60)
    const hanging = assert.rejects(lane.add("a"), code("ERR_SESSION_STORE_TIMEOUT"))
    await hanging
    await turn()
    assert.equal(sent[0]?.signal.aborted, true)
    const next = lane.add("b")
    assert.deepEqual(sent[1]?.items, ["b"])
    sent[1]?.answer()
    assert.equal(await next, "b")
    await lane.drained()
  })

  it("G12: ends each item at its own deadline, also in a call that goes on for others", async () => {
    const { lane, sent } = laneOf(1, 120)
    const first = assert.rejects(lane.add("a"), code("ERR_SESSION_STORE_TIMEOUT"))
    const early = assert.rejects(lane.add("b"), code("ERR_SESSION_STORE_TIMEOUT"))
    await new Promise(resolve => setTimeout(resolve, 70))
    const late = lane.add("c")
    sent[0]?.fail(new Error("of its own"))
    await Promise.allSettled([first])
    assert.deepEqual(sent[1]?.items, ["b", "c"])
    await early
    assert.equal(sent[1]?.signal.aborted, false, "c may still be answered")
    sent[1]?.answer()
    assert.equal(await late, "c")
  })
})
