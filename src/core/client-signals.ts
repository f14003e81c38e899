import { SessionError } from "../contract/errors.ts"
import type { ClientFacts, SessionRecord } from "../contract/record.ts"
import { type ManagerContext, revokeRecord } from "./context.ts"
import { networkOf } from "./network.ts"
import type { SessionState } from "./state.ts"

/**
 * What a signal leads to. `observe`: the event `hijack` alone. `challenge`: the session counts as not fresh besides, until the
 * user proves anew who they are. `revoke`: it ends, and the request is a visitor's.
 */
export type HijackAnswer = "observe" | "challenge" | "revoke"

/** Which changes of the client since the login are signs of a stolen token. Default: none. */
export interface HijackOptions {
  /** Another browser or system. Numbers are passed over, as versions change by updates. */
  readonly userAgent?: HijackAnswer
  /** Another network: IPv4 by /24, IPv6 by /48, or from one to the other. Mobile clients change theirs often. */
  readonly address?: HijackAnswer
}

export type HijackSignal = keyof HijackOptions

const SIGNALS: readonly HijackSignal[] = ["userAgent", "address"]
const ANSWERS: readonly HijackAnswer[] = ["observe", "challenge", "revoke"]
const NETWORK = { ipv4: 24, ipv6: 48 }

/** The options, `undefined` when nothing is watched. What is wrong throws `ERR_SESSION_CONFIG`. */
export function resolveHijack(options: HijackOptions = {}): HijackOptions | undefined {
  if (typeof options !== "object" || options === null) throw wrong(`is ${JSON.stringify(options)}`)
  const given = Object.entries(options).filter(([, answer]) => answer !== undefined)
  for (const [name, answer] of given) {
    if (!SIGNALS.some(signal => signal === name)) throw wrong(`has ${name}`)
    if (!ANSWERS.includes(answer)) throw wrong(`has ${name}: ${JSON.stringify(answer)}`)
  }
  return given.length > 0 ? options : undefined
}

/**
 * Whether the session may be opened for this client. A session that is bound to its user agent opens for no other; one whose
 * client has changed since the login is told of, challenged or ended, as the options say.
 */
export function admitsClient(context: ManagerContext, state: SessionState, record: SessionRecord): boolean {
  if (state.opening.boundToUserAgent && !isSameAgent(record.client, state.client)) {
    context.events.emit("refused", { reason: "userAgent", id: record.id })
    return false
  }
  if (!context.hijack || !record.login || !state.isClientKnown) return true
  let admits = true
  for (const signal of signalsOf(record.client, state.client)) {
    const answer = context.hijack[signal]
    if (answer === undefined) continue
    context.events.emit("hijack", { id: record.id, userId: record.login.userId, signal, answer })
    if (answer === "challenge") state.challenged = true
    if (answer === "revoke") admits = false
  }
  if (!admits) end(context, record)
  return admits
}

const isSameAgent = (begun: ClientFacts, now: ClientFacts): boolean =>
  now.userAgent !== undefined && now.userAgent === begun.userAgent

/** What is different from what was noted at the login. What was not known then, or cannot be known now, is no signal. */
export function signalsOf(then: ClientFacts, now: ClientFacts): HijackSignal[] {
  const signals: HijackSignal[] = []
  if (then.userAgent !== undefined && familyOf(then.userAgent) !== familyOf(now.userAgent ?? ""))
    signals.push("userAgent")
  if (then.address !== undefined && now.address !== undefined) {
    if (networkOf(then.address, NETWORK) !== networkOf(now.address, NETWORK)) signals.push("address")
  }
  return signals
}

/** The text without its numbers: browser, engine and system stay, and so does what kind of device it is. */
const familyOf = (userAgent: string): string => userAgent.replace(/\d+(?:[._]\d+)*/g, "")

function end(context: ManagerContext, record: SessionRecord): void {
  revokeRecord(context, record, "hijack").catch(error => {
    context.events.emit("storeError", { operation: "revoke", error })
  })
}

const wrong = (what: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `hijack ${what}: give { userAgent, address }, each "observe", "challenge" or "revoke", or leave it out`,
  )
