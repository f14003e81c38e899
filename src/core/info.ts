import type { AuthenticationMethod, ClientFacts, SessionRecord } from "../contract/record.ts"

/** What may be shown of a session: to its user in a list of devices, or to an administrator. Times are in ms since 1970. */
export interface SessionInfo {
  readonly id: string
  readonly userId: string | undefined
  readonly authenticatedAt: number | undefined
  /** How the user proved who they are, and when by each. */
  readonly methods: readonly AuthenticationMethod[]
  /** The level of assurance that the last authentication reached. */
  readonly assurance: string | undefined
  readonly createdAt: number
  readonly lastSeenAt: number
  readonly expiresAt: number
  readonly absoluteExpiresAt: number
  readonly persistent: boolean
  readonly client: ClientFacts
}

export const infoOf = (record: SessionRecord): SessionInfo => ({
  id: record.id,
  userId: record.login?.userId,
  authenticatedAt: record.login?.authenticatedAt,
  methods: record.login?.methods ?? [],
  assurance: record.login?.assurance,
  createdAt: record.createdAt,
  lastSeenAt: record.lastSeenAt,
  expiresAt: record.expiresAt,
  absoluteExpiresAt: record.absoluteExpiresAt,
  persistent: record.persistent,
  client: record.client,
})
