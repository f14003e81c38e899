import assert from "node:assert/strict"
import { describe, it } from "node:test"
import fc from "fast-check"
import { isSessionError, SessionError } from "../../src/contract/errors.ts"
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

const ROUTE = { operation: "apply", deadline: 1_000, maxQueued: 5_000, meters: new Meters() }
const hanging = (): Promise<string[]> => new Promise(() => {})

/** A lane of texts, each about its first letter; the answer to each is the text itself. */
function laneOf(maxCalls: number, deadline = 1_000, subject = (item: string) => item.charAt(0)) {
  const sent: Sent[] = []
  const lane = new Lane<string, string>({
    ...ROUTE,
    deadline,
    maxCalls,
    subject,
    send: (items, signal) =>
      new Promise((resolve, reject) => {
        sent.push({ items: [...items], signal, answer: () => resolve(items), fail: reject })
      }),
  })
  return { lane, sent }
}

/** A lane with `z` answered, and a call of `a` and `b`: `b` is due 50 ms later than `a`, which comes to its deadline. */
async function twoInOneCall() {
  const { lane, sent } = laneOf(1, 100)
  const first = lane.add("z")
  const early = assert.rejects(lane.add("a"), code("ERR_SESSION_STORE_TIMEOUT"))
  await new Promise(resolve => setTimeout(resolve, 50))
  const late = lane.add("b")
  sent[0]?.answer()
  await first
  return { lane, sent, early, late }
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
    sent[1]?.answer()
    sent[0]?.answer()
    await turn()
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

  it("goes on after a driver that throws where it should reject", async () => {
    let isBroken = true
    const lane = new Lane<string, string>({
      ...ROUTE,
      send: items => {
        if (isBroken) throw new Error("of its own")
        return Promise.resolve(items)
      },
    })
    await assert.rejects(lane.add("a"), code("ERR_SESSION_STORE_UNAVAILABLE"))
    isBroken = false
    assert.equal(await lane.add("b"), "b")
    await lane.drained()
  })

  it("G12: watches over what a full store makes it send alone", async () => {
    const { lane, sent, early, late } = await twoInOneCall()
    sent[1]?.fail(new SessionError("ERR_SESSION_STORE_FULL", "there is no room"))
    await early
    await assert.rejects(late, code("ERR_SESSION_STORE_TIMEOUT"))
    assert.deepEqual(
      sent.map(({ items }) => items),
      [["z"], ["a", "b"], ["a"], ["b"]],
    )
    await lane.drained()
  })

  it("sends nothing alone that has been given up", async () => {
    const { sent, early, late } = await twoInOneCall()
    await early
    sent[1]?.fail(new SessionError("ERR_SESSION_STORE_FULL", "there is no room"))
    await turn()
    await turn()
    assert.deepEqual(
      sent.map(({ items }) => items),
      [["z"], ["a", "b"], ["b"]],
    )
    sent[2]?.answer()
    assert.equal(await late, "b")
  })

  it("is drained when what waited has been given up, too", async () => {
    const { lane, sent } = laneOf(1, 20)
    const answered = texts(3).map(text => lane.add(text))
    sent[0]?.answer()
    await turn()
    sent[1]?.answer()
    await answered[2]
    const late = assert.rejects(lane.add("d"), code("ERR_SESSION_STORE_TIMEOUT"))
    const drained = lane.drained()
    // Its deadline passes before the lane's next turn.
    for (const from = performance.now(); performance.now() < from + 40; );
    await late
    await drained
    assert.equal(sent.length, 2)
  })

  it("G12: ends whatever waits, however much it is", async () => {
    const lane = new Lane<string, string>({ ...ROUTE, maxQueued: 300_000, deadline: 1_000, send: hanging })
    const first = lane.add("first").catch((error: unknown) => error)
    await new Promise(resolve => setTimeout(resolve, 500))
    const others = times(200_000, () => lane.add("more").then(assert.fail, () => 1))
    assert.ok(isSessionError(await first, "ERR_SESSION_STORE_TIMEOUT"))
    assert.equal((await Promise.all(others)).length, 200_000)
    await lane.drained()
  })

  it("looks at few of those that wait for a session that everybody changes", async () => {
    let looks = 0
    const { lane, sent } = laneOf(2, 1_000, item => {
      looks++
      return item.charAt(0)
    })
    const answers = times(5_000, index => lane.add(`h${index}`))
    assert.ok(looks < 3 * 5_000, `${looks} looks`)
    for (let next = 0; next < sent.length; next++) {
      sent[next]?.answer()
      await turn()
      await turn()
    }
    assert.deepEqual(
      await Promise.all(answers),
      times(5_000, index => `h${index}`),
    )
    assert.ok(looks < 60 * 5_000, `${looks} looks`)
  })
})
