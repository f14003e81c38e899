import { stateOf } from "../../src/core/session.ts"
import { generateKey, type Session, Sessions, type TokenKind } from "../../src/index.ts"
import { createMemoryStore } from "../../src/stores/memory/index.ts"

/** Sessions of one kind of token that are open, and the tokens that open them. */
export interface Live {
  readonly sessions: Sessions
  /** None for plain tokens. */
  readonly keys: readonly string[]
  /** By the id that each opens, as the client has it. */
  readonly tokens: ReadonlyMap<string, string>
}

const HOUR = 3_600_000

/** A few sessions of each kind of token. The ids of the same place are the same nowhere: what opens one kind opens no other. */
export class LiveSessions {
  readonly plain: Live
  readonly signed: Live
  readonly encrypted: Live

  private constructor(plain: Live, signed: Live, encrypted: Live) {
    this.plain = plain
    this.signed = signed
    this.encrypted = encrypted
  }

  static async begin(): Promise<LiveSessions> {
    return new LiveSessions(await begin("plain"), await begin("signed"), await begin("encrypted"))
  }

  async close(): Promise<void> {
    for (const { sessions } of [this.plain, this.signed, this.encrypted]) await sessions.close()
  }
}

async function begin(token: TokenKind): Promise<Live> {
  const keys = token === "plain" ? [] : [generateKey(), generateKey()]
  const protection = token === "plain" ? {} : { token, keys }
  const sessions = new Sessions(createMemoryStore(), { ...protection, absoluteTimeout: 90 * 24 * HOUR })
  const tokens = new Map<string, string>()
  for (let count = 0; count < 4; count++) {
    const session = await sessions.open(undefined)
    await session.login(`user ${count}`)
    tokens.set(carriedToken(sessions, session), session.id)
  }
  return { sessions, keys, tokens }
}

/** What the browser would carry. */
function carriedToken({ edge }: Sessions, session: Session): string {
  const { delivery } = stateOf(session)
  if (delivery?.kind !== "issue") throw new Error("a login issues a token")
  const [, token = ""] = /=([^;]*)/.exec(edge.carrier.write(delivery, true, 0)) ?? []
  return token
}
