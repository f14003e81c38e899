/** A session was shown to its client. */
export interface Shown {
  readonly node: number
  readonly id: string
  /** When the request began, by the clock of the test. */
  readonly from: number
  readonly version: number
  readonly count: number
  /** The version that the request's cookie named. */
  readonly named: number
  /** The highest count that the client had been shown before, if it sends one request at a time; else 0. */
  readonly countSeen: number
  /** Whether the request changed the session, as the node says. */
  readonly wrote: boolean
}

/** A session's end was acknowledged. */
export interface Ended {
  readonly node: number
  readonly id: string
  readonly at: number
}

/** What was asked of one session's data. */
export class Intentions {
  /** Increments that were acknowledged, and that may or may not have been applied. */
  increments = { sure: 0, unsure: 0 }
  /** By key: the newest value acknowledged, and the values of which nobody knows. */
  readonly keys = new Map<string, { sure: number; readonly unsure: Set<number> }>()
  /** A logout or a failure whose outcome nobody knows may have ended it. */
  mayHaveEnded = false
  user: string | undefined

  key(name: string): { sure: number; readonly unsure: Set<number> } {
    const known = this.keys.get(name)
    if (known) return known
    const fresh = { sure: 0, unsure: new Set<number>() }
    this.keys.set(name, fresh)
    return fresh
  }
}

/** What is left of a session when everything is quiet again; `undefined`: nothing. */
export type Remains = Readonly<Record<string, number>> | undefined

/** All that the clients of a cluster saw. */
export class History {
  readonly shown: Shown[] = []
  readonly ended: Ended[] = []
  /** Sessions that were not opened to who had their token. */
  readonly refused: string[] = []
  readonly intentions = new Map<string, Intentions>()
  readonly remains = new Map<string, Remains>()

  /** Nobody knows whether the user's sessions have been ended. */
  mayHaveEnded(user: string): void {
    for (const each of this.intentions.values()) if (each.user === user) each.mayHaveEnded = true
  }

  of(id: string): Intentions {
    const known = this.intentions.get(id)
    if (known) return known
    const fresh = new Intentions()
    this.intentions.set(id, fresh)
    return fresh
  }
}
