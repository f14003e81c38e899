/** Libraries that keep the whole session in the cookie; see peers.ts. */
import type { FastifyApp } from "./peers.ts"

const load = async <Module>(name: string): Promise<Module> => await import(name)

export interface CookieJar {
  get(name: string): { name: string; value: string } | undefined
  set(name: string, value: string): void
}

/** iron-session, with cookies that are anywhere. */
export interface IronSessions {
  getIronSession<Data extends object>(
    cookies: CookieJar,
    options: { cookieName: string; password: string },
  ): Promise<Data & { save(): Promise<void> }>
}

/** What cookie-session needs of a request and a response. */
export interface CookieRequest {
  readonly headers: { readonly cookie: string }
  readonly connection: object
  session?: unknown
}

export interface CookieResponse {
  getHeader(name: string): undefined
  setHeader(name: string, value: string[]): void
  writeHead(status: number): void
}

export type CookieSession = (options: {
  keys: string[]
}) => (request: CookieRequest, response: CookieResponse, next: () => void) => void

export interface SecureSession<Data> {
  get<Key extends keyof Data>(key: Key): Data[Key]
  set<Key extends keyof Data>(key: Key, value: Data[Key]): void
}

export interface SecureSessionApp extends FastifyApp {
  createSecureSession<Data>(data: Data): SecureSession<Data>
  decodeSecureSession<Data>(cookie: string): SecureSession<Data> | null
  encodeSecureSession(session: object): string
}

export const ironSessions = async () => await load<IronSessions>("iron-session")
export const cookieSession = async () => (await load<{ default: CookieSession }>("cookie-session")).default

export async function secureSessionApp(key: Buffer): Promise<SecureSessionApp> {
  const { default: fastify } = await load<{ default: () => SecureSessionApp }>("fastify")
  const { default: plugin } = await load<{ default: unknown }>("@fastify/secure-session")
  const app = fastify()
  app.register(plugin, { key })
  await app.ready()
  return app
}
