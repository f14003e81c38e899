/** Lifetimes short enough for a run to outlive them. */
export const IDLE = 600_000
export const ABSOLUTE = 1_800_000

/** One session as it should be stored. */
export interface ModelSession {
  readonly data: Map<string, number>
  user: string | undefined
  epoch: number
  ended: boolean
  expiresAt: number
  absoluteExpiresAt: number
}

/** A token names a session and the privilege epoch that its secret belongs to. */
export interface ModelToken {
  readonly session: ModelSession
  readonly epoch: number
}

/** What a call should come to: a value, or an error's code. */
export type Expected =
  | { readonly value: unknown }
  | { readonly error: "ERR_SESSION_GONE" | "ERR_SESSION_CONFLICT" }

const DONE: Expected = { value: undefined }

/** All sessions, and the tokens that were issued, in order. */
export class World {
  readonly tokens: ModelToken[] = []
  now: number

  constructor(now: number) {
    this.now = now
  }

  isLive(session: ModelSession): boolean {
    return !session.ended && this.now < session.expiresAt
  }

  opens({ session, epoch }: ModelToken): boolean {
    return this.isLive(session) && session.epoch === epoch
  }

  begin(data: Map<string, number>, user: string | undefined): ModelSession {
    const epoch = user === undefined ? 1 : 2
    const session: ModelSession = { data, user, epoch, ended: false, expiresAt: 0, absoluteExpiresAt: 0 }
    this.renew(session)
    return session
  }

  renew(session: ModelSession): void {
    session.absoluteExpiresAt = this.now + ABSOLUTE
    session.expiresAt = this.now + IDLE
    this.tokens.push({ session, epoch: session.epoch })
  }

  use(session: ModelSession): void {
    session.expiresAt = Math.min(session.absoluteExpiresAt, this.now + IDLE)
  }
}

/** One session object: what it saw, and what it has changed since. `undefined` as a change is a deletion. */
export class ModelObject {
  #session: ModelSession | undefined
  #epoch = 0
  #user: string | undefined
  #seen = new Map<string, number>()
  #changes = new Map<string, number | undefined>()
  readonly #world: World

  constructor(world: World, token?: ModelToken) {
    this.#world = world
    if (!token || !world.opens(token)) return
    world.use(token.session)
    this.#become(token.session)
  }

  get isStored(): boolean {
    return this.#session !== undefined
  }

  get user(): string | undefined {
    return this.#user
  }

  get(key: string): Expected {
    return { value: this.#changes.has(key) ? this.#changes.get(key) : this.#seen.get(key) }
  }

  set(key: string, value: number): Expected {
    this.#changes.set(key, value)
    return DONE
  }

  delete(key: string): Expected {
    const existed = this.#view().has(key)
    if (this.#seen.has(key)) this.#changes.set(key, undefined)
    else this.#changes.delete(key)
    return { value: existed }
  }

  /** Last writer wins per key; nothing of it when the session has ended or its epoch moved on. */
  save(): Expected {
    if (this.#changes.size === 0) return DONE
    const session = this.#session
    if (!session) {
      this.#become(this.#world.begin(this.#view(), undefined))
      return DONE
    }
    const refusal = this.#refusal(session)
    if (refusal) {
      this.#changes.clear()
      return refusal
    }
    this.#store(session)
    return DONE
  }

  increment(key: string): Expected {
    return this.#changeNewest(
      key,
      value => (value ?? 0) + 1,
      (_, after) => after,
    )
  }

  take(key: string): Expected {
    return this.#changeNewest(
      key,
      () => undefined,
      before => before,
    )
  }

  rotate(): Expected {
    const session = this.#session
    if (!session) return DONE
    const refusal = this.#refusal(session)
    if (refusal) return refusal
    session.epoch++
    this.#store(session)
    this.#world.tokens.push({ session, epoch: session.epoch })
    this.#epoch = session.epoch
    return DONE
  }

  login(user: string): Expected {
    if (this.#session && this.#user !== undefined && this.#user !== user) this.logout()
    const session = this.#session
    const refusal = session && this.#refusal(session)
    if (session && !refusal) {
      session.epoch++
      session.user = user
      this.#store(session)
      this.#world.renew(session)
      this.#epoch = session.epoch
      this.#user = user
    } else {
      const gone = refusal && "error" in refusal && refusal.error === "ERR_SESSION_GONE"
      if (gone) this.#seen.clear()
      this.#become(this.#world.begin(this.#view(), user))
    }
    return DONE
  }

  logout(): Expected {
    if (this.#session) this.#session.ended = true
    this.#session = undefined
    this.#user = undefined
    this.#seen = new Map()
    this.#changes.clear()
    return DONE
  }

  #become(session: ModelSession): void {
    this.#session = session
    this.#epoch = session.epoch
    this.#user = session.user
    this.#seen = new Map(session.data)
    this.#changes.clear()
  }

  #view(): Map<string, number> {
    const view = new Map(this.#seen)
    for (const [key, value] of this.#changes) write(view, key, value)
    return view
  }

  #refusal(session: ModelSession): Expected | undefined {
    if (!this.#world.isLive(session)) return { error: "ERR_SESSION_GONE" }
    return session.epoch === this.#epoch ? undefined : { error: "ERR_SESSION_CONFLICT" }
  }

  #store(session: ModelSession): void {
    this.#seen = this.#view()
    for (const [key, value] of this.#changes) write(session.data, key, value)
    this.#changes.clear()
    this.#world.use(session)
  }

  #changeNewest(
    key: string,
    change: (value: number | undefined) => number | undefined,
    result: (before: number | undefined, after: number | undefined) => number | undefined,
  ): Expected {
    const session = this.#session
    const refusal = session && this.#refusal(session)
    if (refusal) return refusal
    if (session) this.#seen = new Map(session.data)
    const before = this.#view().get(key)
    const after = change(before)
    if (!session) {
      if (after === undefined) this.delete(key)
      else this.set(key, after)
      return { value: result(before, after) }
    }
    this.#changes.delete(key)
    if (after !== undefined || session.data.has(key)) {
      write(session.data, key, after)
      write(this.#seen, key, after)
      this.#world.use(session)
    }
    return { value: result(before, after) }
  }
}

function write(data: Map<string, number>, key: string, value: number | undefined): void {
  if (value === undefined) data.delete(key)
  else data.set(key, value)
}
