import { IncomingMessage } from "node:http"
import { Socket } from "node:net"
import { unsafeRequestOf } from "../src/adapters/node-request.ts"
import { stateOf } from "../src/core/session.ts"
import { encryptedTokens, signedTokens, type TokenProtection } from "../src/http/token-protection.ts"
import {
  type CreateSessionsOptions,
  createSessions,
  csrfToken,
  generateKey,
  isCsrfToken,
  type Sessions,
} from "../src/index.ts"

/** Does the step once. */
type Step = () => unknown

/** Each makes ready what the step needs. A step that does not come to what it should throws. */
export const STEPS = {
  "origin check, by Sec-Fetch-Site": () => originCheck("sec-fetch-site", "same-origin"),
  "origin check, by Origin": () => originCheck("origin", "http://shop.example"),
  "signed token, check": () => tokenCheck(signedTokens),
  "encrypted token, check": () => tokenCheck(encryptedTokens),
  "anti-forgery token, issue": async () => {
    const { session } = await begun()
    return () => csrfToken(session)
  },
  "anti-forgery token, check": async () => {
    const { session } = await begun()
    const token = csrfToken(session)
    return () => expect(isCsrfToken(session, token))
  },
  "open and get": () => reading({}),
  "open and get, encrypted at rest": () => reading({ encryptAtRest: true }),
  "open, set and save": () => writing({}),
  "open, set and save, encrypted at rest": () => writing({ encryptAtRest: true }),
  "rate-limit hit": async () => {
    const counter = (await opened({})).hitCounter()
    const hit = { key: "192.0.2.7", window: 60_000, limit: 1_000_000_000, cost: 1 }
    return async () => expect((await counter.hit(hit)).allowed)
  },
} as const satisfies Record<string, () => Step | Promise<Step>>

export type StepName = keyof typeof STEPS

export const isStep = (name: string | undefined): name is StepName =>
  name !== undefined && Object.hasOwn(STEPS, name)

const NOTE = "x".repeat(89)

function expect(holds: boolean): void {
  if (!holds) throw new Error("a step did not come to what it should")
}

const opened = (options: Omit<CreateSessionsOptions, "store">): Promise<Sessions> =>
  createSessions({ store: "memory:", sweepInterval: false, ...options })

/** A session with a little data, and the token that opens it. */
async function begun(options: Omit<CreateSessionsOptions, "store"> = {}) {
  const sessions = await opened(options)
  const session = await sessions.open(undefined)
  session.set("note", NOTE)
  await session.save()
  const { delivery } = stateOf(session)
  return { sessions, session, token: delivery?.kind === "issue" ? delivery.token : "" }
}

async function reading(options: Omit<CreateSessionsOptions, "store">): Promise<Step> {
  const { sessions, token } = await begun(options)
  return async () => expect((await sessions.open(token)).get("note") === NOTE)
}

async function writing(options: Omit<CreateSessionsOptions, "store">): Promise<Step> {
  const { sessions, token } = await begun(options)
  let visits = 0
  return async () => {
    const session = await sessions.open(token)
    session.set("visits", ++visits)
    await session.save()
    expect(session.isStored)
  }
}

/** With what an adapter does to ask for it. */
async function originCheck(header: string, value: string): Promise<Step> {
  const sessions = await opened({})
  const request = new IncomingMessage(new Socket())
  request.method = "POST"
  request.url = "/cart"
  Object.assign(request.headers, { host: "shop.example", "user-agent": "bench", [header]: value })
  return () => sessions.assertSameOrigin(unsafeRequestOf(request, sessions.edge.proxies))
}

function tokenCheck(protectionOf: (keys: readonly string[], name: string) => TokenProtection): Step {
  const protection = protectionOf([generateKey()], "sid")
  const text = protection.wrap(`${"a".repeat(22)}.${"b".repeat(42)}A`)
  return () => expect(protection.open(text) !== undefined)
}
