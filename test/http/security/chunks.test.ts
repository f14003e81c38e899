import assert from "node:assert/strict"
import { randomBytes } from "node:crypto"
import { describe, it } from "node:test"
import fc from "fast-check"
import { fetchSession } from "../../../src/adapters/fetch.ts"
import type { Session } from "../../../src/core/session.ts"
import { joined, roomIn, split } from "../../../src/http/sealing/chunks.ts"
import {
  generateKey,
  isSessionError,
  SealedSessions,
  type SealedSessionsOptions,
} from "../../../src/index.ts"
import { ADAPTERS } from "./adapters.ts"
import { Jar } from "./jar.ts"

const NAME = "__Host-sid"
const key = generateKey()
type Data = { text: string }
const open = (options: Partial<SealedSessionsOptions<Data>> = {}) =>
  new SealedSessions<Data>({ keys: [key], chunks: 3, ...options })

/** Nothing that could be guessed by its length: so many characters. */
const noise = (length: number): string => randomBytes(length).toString("base64url").slice(0, length)

async function asked(sessions: SealedSessions<Data>, jar: Jar, act: (session: Session<Data>) => unknown) {
  const handle = fetchSession(
    sessions,
    async (_, session) => {
      await act(session)
      return new Response(session.get("text") ?? "nothing")
    },
    { onError: () => {} },
  )
  return await handle(new Request("https://shop.example/", { headers: { cookie: jar.header } }))
}

/** What a jar that has been given a session of this length holds. */
async function jarOf(sessions: SealedSessions<Data>, length: number): Promise<Jar> {
  const jar = new Jar()
  jar.take(await asked(sessions, jar, session => session.set("text", noise(length))))
  return jar
}

const textIn = async (sessions: SealedSessions<Data>, jar: Jar) =>
  await (await asked(sessions, jar, () => undefined)).text()

describe("a text over several cookies", () => {
  it("comes back whole for every length that has room, in cookies that browsers keep", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (chunks, part) => {
          const text = noise(Math.max(1, Math.floor(roomIn(chunks, NAME) * part)))
          const set = split(text, chunks, NAME)
          assert.equal(set.length, chunks)
          for (const [name, value = ""] of set) assert.ok(name.length + value.length <= 4_096)
          const header = set
            .filter(([, value]) => value !== undefined)
            .map(([name, value]) => `${name}=${value}`)
          assert.deepEqual(joined(header.join("; "), chunks, NAME), [text])
        },
      ),
    )
  })

  it("fills its cookies when it is as long as can be", () => {
    for (const chunks of [1, 2, 3]) {
      const room = roomIn(chunks, NAME)
      const longest = split(noise(room), chunks, NAME).map(([name, value = ""]) => name.length + value.length)
      assert.ok(Math.max(...longest) <= 4_096)
      assert.ok(longest.reduce((sum, each) => sum + each) >= chunks * 3_800 - 2)
    }
  })

  it("is nothing where a chunk is missing, and passes over what it does not count", () => {
    const [first, second, third] = split(noise(9_000), 3, NAME).map(([name, value]) => `${name}=${value}`)
    assert.deepEqual(joined(`${first}; ${third}`, 3, NAME), [""])
    assert.deepEqual(joined(`${first}; ${second}`, 3, NAME), [""])
    assert.deepEqual(joined(`${second}; ${third}`, 3, NAME), [])
    assert.deepEqual(joined(`${NAME}=whole; ${second}; ${third}`, 3, NAME), ["whole"])
  })

  it("is looked for in any header without harm", () => {
    const part = fc.oneof(
      fc.string(),
      fc.constantFrom(NAME, `${NAME}.1`, `${NAME}.2`, "=", "; ", "2~", "3~", "~"),
    )
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), parts => {
        for (const text of joined(parts.join(""), 3, NAME)) assert.equal(typeof text, "string")
      }),
    )
  })

  it("reads no count but those it could have written", () => {
    for (const mark of ["0~", "1~", "4~", "9~", "~~", "-~"])
      assert.deepEqual(joined(`${NAME}=${mark}a; ${NAME}.1=b; ${NAME}.2=c; ${NAME}.3=d`, 3, NAME), [""])
  })
})

for (const [adapter, start] of Object.entries(ADAPTERS)) {
  describe(`a sealed session over several cookies, served by ${adapter}`, () => {
    const act = async (session: Session, path: string) => {
      const [, verb = "", length = "0"] = path.split("/")
      if (verb === "set") session.set("text", "x".repeat(Number(length)))
      if (verb === "logout") await session.logout()
      return String(String(session.get("text") ?? "").length)
    }

    it("grows, shrinks and ends; none of its cookies stays behind", async () => {
      const sessions = new SealedSessions({ keys: [key], chunks: 3, cookie: { secure: false } })
      await using served = await start(sessions, [], act)
      const jar = new Jar()
      const get = async (path: string) =>
        jar.take(await fetch(served.origin + path, { headers: { cookie: jar.header } }))
      for (const [length, cookies] of [
        [7_700, 3],
        [4_000, 2],
        [10, 1],
        [7_700, 3],
      ] as const) {
        assert.equal(await (await get(`/set/${length}`)).text(), String(length))
        assert.equal(jar.cookies.size, cookies)
        assert.equal(await (await get("/")).text(), String(length))
      }
      await get("/logout")
      assert.deepEqual([...jar.cookies.keys()], [])
    })
  })
}

describe("a sealed session over several cookies", () => {
  it("is one plain cookie as long as it fits, and unless told otherwise", async () => {
    const small = await jarOf(open(), 100)
    assert.deepEqual([...small.cookies.keys()], [NAME])
    assert.match(small.cookies.get(NAME) ?? "", /^eyJ/)
    assert.equal((await textIn(open({ chunks: 1 }), small)).length, 100)
    const response = await asked(open({ chunks: 1 }), new Jar(), session => session.set("text", "a"))
    assert.equal(response.headers.getSetCookie().length, 1)
  })

  it("sets and deletes all of them with the same attributes", async () => {
    const cookie = {
      name: "s",
      domain: "shop.example",
      path: "/app",
      partitioned: true,
      sameSite: "none",
    } as const
    const sessions = open({ cookie })
    const jar = new Jar()
    const set = jar.take(await asked(sessions, jar, session => session.set("text", noise(7_000))))
    const cleared = await asked(sessions, jar, session => session.logout())
    const attributes = (response: Response) =>
      response.headers.getSetCookie().map(line => line.slice(line.indexOf("; Path=")))
    assert.equal(attributes(set).length, 3)
    assert.equal(new Set([...attributes(set), ...attributes(cleared)]).size, 1)
    assert.deepEqual(
      cleared.headers.getSetCookie().map(line => line.split(";", 2).join()),
      ["s=, Max-Age=0", "s.1=, Max-Age=0", "s.2=, Max-Age=0"],
    )
  })

  it("that outlives the browser says so with each of them", async () => {
    const jar = new Jar()
    const response = await asked(open({ persistent: true, now: () => 2_000_000_000_000 }), jar, session =>
      session.set("text", noise(7_000)),
    )
    const ages = response.headers.getSetCookie().map(line => /Max-Age=(\d+)/.exec(line)?.[1])
    assert.deepEqual(ages, ["86400", "86400", "86400"])
  })

  it("torn from two answers, or with one missing, opens nothing and is never half a session", async () => {
    const sessions = open()
    const both = [await jarOf(sessions, 7_000), await jarOf(sessions, 7_100)]
    const whole = await Promise.all(both.map(jar => textIn(sessions, jar)))
    const names = [NAME, `${NAME}.1`, `${NAME}.2`]
    const sources = [0, 1, undefined]
    for (const first of sources) {
      for (const second of sources) {
        for (const third of sources) {
          const chosen = [first, second, third]
          const jar = new Jar()
          for (const [index, source] of chosen.entries()) {
            const name = names[index] ?? ""
            if (source !== undefined) jar.cookies.set(name, both[source]?.cookies.get(name) ?? "")
          }
          const same = first !== undefined && chosen.every(each => each === first)
          assert.equal(await textIn(sessions, jar), same ? whole[first] : "nothing")
        }
      }
    }
  })

  it("torn is left alone, as the rest of the answer may be on its way", async () => {
    const sessions = open()
    const jar = await jarOf(sessions, 7_000)
    jar.cookies.delete(`${NAME}.2`)
    const response = await asked(sessions, jar, () => undefined)
    assert.deepEqual(response.headers.getSetCookie(), [])
  })

  it("is whole after answers that came in any order: the last one wins", async () => {
    const sessions = open()
    const begun = await jarOf(sessions, 10)
    const answers: [string, Response][] = []
    for (const length of [20, 5_000, 7_500]) {
      const text = noise(length)
      answers.push([text, await asked(sessions, begun, session => session.set("text", text))])
    }
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(answers, { minLength: 1 }), async order => {
        const jar = begun.copy()
        for (const [, answer] of order) jar.take(answer)
        assert.equal(await textIn(sessions, jar), order.at(-1)?.[0])
      }),
      { numRuns: 30 },
    )
  })

  it("that outgrows all of them is a typed error before anything is sent, and what was there stays", async () => {
    for (const [chunks, fits, tooLong] of [
      [1, 2_300, 3_200],
      [2, 4_900, 6_000],
      [3, 7_800, 9_000],
    ] as const) {
      const limits = { maxSessionLength: 100_000 }
      const jar = await jarOf(open({ chunks, limits }), fits)
      const before = await textIn(open({ chunks }), jar)
      assert.equal(before.length, fits)
      const response = await asked(open({ chunks, limits }), jar, async session => {
        session.set("text", noise(tooLong))
        await assert.rejects(session.save(), error => isSessionError(error, "ERR_SESSION_TOO_LARGE"))
        session.discard()
      })
      assert.deepEqual(response.headers.getSetCookie(), [])
    }
  })

  it("has a limit of its data that follows from the number of cookies", () => {
    for (const [chunks, fits, tooLong] of [
      [1, 2_300, 2_400],
      [2, 4_900, 5_100],
      [3, 7_700, 8_000],
    ] as const) {
      const session = open({ chunks }).open(undefined)
      session.set("text", "x".repeat(fits))
      assert.throws(
        () => session.set("text", "x".repeat(tooLong)),
        error => isSessionError(error, "ERR_SESSION_TOO_LARGE"),
      )
    }
  })

  it("refuses a number of cookies that servers would refuse", () => {
    for (const chunks of [0, 4, 1.5, -1, Number.NaN]) {
      assert.throws(
        () => open({ chunks }),
        error => isSessionError(error, "ERR_SESSION_CONFIG"),
      )
    }
  })
})
