import { createSessions, type Sessions } from "../src/index.ts"
import {
  type Contender,
  expressWithExpressSession,
  expressWithSojourn,
  fastifyWithSession,
} from "./contenders.ts"
import { connectPgSimple, connectRedis } from "./store-peers.ts"

/** The URLs of the servers that hold the sessions. */
export interface Servers {
  readonly postgres: string
  readonly redis: string
}

/** As the contenders of contenders.ts, but with their sessions on a server. */
export const NETWORKED_CONTENDERS = {
  "Express + sojourn on PostgreSQL": ({ postgres }) => expressWithSojourn(sojourn(postgres)),
  "Express + connect-pg-simple": async ({ postgres }) =>
    expressWithExpressSession(await connectPgSimple(postgres)),
  "Express + sojourn on Redis": ({ redis }) => expressWithSojourn(sojourn(redis)),
  "Express + connect-redis": async ({ redis }) => expressWithExpressSession(await connectRedis(redis)),
  "Fastify + @fastify/session + connect-redis": async ({ redis }) =>
    fastifyWithSession(await connectRedis(redis)),
} as const satisfies Record<string, (servers: Servers) => Promise<Contender>>

export type NetworkedName = keyof typeof NETWORKED_CONTENDERS

export const isNetworked = (name: string): name is NetworkedName => Object.hasOwn(NETWORKED_CONTENDERS, name)

const sojourn = (store: string): Promise<Sessions> => createSessions({ store, cookie: { secure: false } })
