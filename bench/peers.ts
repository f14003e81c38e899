import type { IncomingMessage, ServerResponse } from "node:http"
import type { Handler } from "express"

/**
 * The libraries we compare with. `npm run bench` installs them beside this file; the rest of the repository is checked
 * without them, so what is used of each is declared here.
 */
const load = async <Module>(name: string): Promise<Module> => await import(name)

export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** A session as a plain object, which all the peers have. */
export interface PlainSession {
  value?: number
}

export interface ExpressSessionStore {
  get(id: string, done: (error: unknown, session?: unknown) => void): void
  set(id: string, session: object, done?: (error: unknown) => void): void
}

interface ExpressSessionOptions {
  readonly secret: string
  readonly resave: boolean
  readonly saveUninitialized: boolean
  readonly store?: ExpressSessionStore
}

export interface ExpressSession {
  (options: ExpressSessionOptions): Handler
  readonly MemoryStore: new () => ExpressSessionStore
  readonly Store: new () => ExpressSessionStore
}

export type SessionFileStore = (
  session: ExpressSession,
) => new (options: {
  path: string
  logFn: () => void
  reapInterval: number
  ttl: number
}) => ExpressSessionStore

export interface FastifyApp {
  readonly routing: Listener
  register(plugin: unknown, options?: object): unknown
  get(path: string, handler: (request: { readonly session: PlainSession }) => Promise<string>): unknown
  ready(): Promise<unknown>
}

export interface IronSession {
  getIronSession(
    request: IncomingMessage,
    response: ServerResponse,
    options: { cookieName: string; password: string },
  ): Promise<PlainSession & { save(): Promise<void> }>
}

export const expressSession = async () => (await load<{ default: ExpressSession }>("express-session")).default

export const sessionFileStore = async () =>
  (await load<{ default: SessionFileStore }>("session-file-store")).default(await expressSession())

export const fastify = async () => (await load<{ default: () => FastifyApp }>("fastify")).default()
export const fastifyCookie = async () => (await load<{ default: unknown }>("@fastify/cookie")).default
export const fastifySession = async () => (await load<{ default: unknown }>("@fastify/session")).default
export const ironSession = async () => await load<IronSession>("iron-session")

/** Not a peer, but the generator of their load. */
export type Autocannon = (options: {
  url: string
  connections: number
  duration: number
  headers: Record<string, string>
}) => Promise<{ requests: { total: number }; duration: number; errors: number; non2xx: number }>

export const autocannon = async () => (await load<{ default: Autocannon }>("autocannon")).default
