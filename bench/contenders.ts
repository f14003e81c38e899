import { randomBytes } from "node:crypto"
import type { IncomingMessage } from "node:http"
import express, { type Handler } from "express"
import { session } from "../src/adapters/express.ts"
import { fetchSession } from "../src/adapters/fetch.ts"
import { withSession } from "../src/adapters/node.ts"
import { createSessions, type Sessions } from "../src/index.ts"
import {
  type ExpressSessionStore,
  expressSession,
  fastify,
  fastifyCookie,
  fastifySession,
  ironSession,
  type Listener,
  type PlainSession,
} from "./peers.ts"

export type FetchHandler = (request: Request) => Response | Promise<Response>

/** Something that serves requests, alone or with a session library. */
export type Contender =
  | { readonly listener: Listener; readonly handler?: never }
  | { readonly handler: FetchHandler; readonly listener?: never }

/**
 * Each contender answers `/read` after reading one key of the session, and `/write` after setting that key to another
 * value; without a session library it just answers. The first `/write` begins a session.
 */
export const CONTENDERS = {
  "node:http": nodeAlone,
  "node:http + sojourn": nodeWithSojourn,
  "node:http + iron-session": nodeWithIronSession,
  Fetch: fetchAlone,
  "Fetch + sojourn": fetchWithSojourn,
  Express: expressAlone,
  "Express + sojourn": () => expressWithSojourn(),
  "Express + express-session": () => expressWithExpressSession(),
  Fastify: fastifyAlone,
  "Fastify + @fastify/session": () => fastifyWithSession(),
} as const satisfies Record<string, () => Contender | Promise<Contender>>

export type ContenderName = keyof typeof CONTENDERS

export const isContender = (name: string | undefined): name is ContenderName =>
  name !== undefined && Object.hasOwn(CONTENDERS, name)

const WRITE = "/write"
const secret = randomBytes(32).toString("hex")
let written = 0

const sojourn = () => createSessions({ store: "memory:", cookie: { secure: false } })

function nodeAlone(): Contender {
  return { listener: (_, response) => response.end("ok") }
}

async function nodeWithSojourn(): Promise<Contender> {
  const listener = withSession(await sojourn(), (request, response, session) => {
    if (request.url === WRITE) session.set("value", ++written)
    else session.get("value")
    response.end("ok")
  })
  return { listener }
}

async function nodeWithIronSession(): Promise<Contender> {
  const { getIronSession } = await ironSession()
  const options = { cookieName: "sid", password: secret }
  const listener: Listener = async (request, response) => {
    const session = await getIronSession(request, response, options)
    if (request.url === WRITE) {
      session.value = ++written
      await session.save()
    } else void session.value
    response.end("ok")
  }
  return { listener }
}

function fetchAlone(): Contender {
  return { handler: () => new Response("ok") }
}

async function fetchWithSojourn(): Promise<Contender> {
  const handler = fetchSession(await sojourn(), (request, session) => {
    if (request.url.endsWith(WRITE)) session.set("value", ++written)
    else session.get("value")
    return new Response("ok")
  })
  return { handler }
}

function expressAlone(): Contender {
  return expressApp([], () => {})
}

export async function expressWithSojourn(
  sessions: Sessions | Promise<Sessions> = sojourn(),
): Promise<Contender> {
  return expressApp([session(await sessions)], ({ session, path }) => {
    if (path === WRITE) session.set("value", ++written)
    else session.get("value")
  })
}

export async function expressWithExpressSession(store?: ExpressSessionStore): Promise<Contender> {
  const session = await expressSession()
  const middleware = session({ secret, resave: false, saveUninitialized: false, ...(store && { store }) })
  return expressApp([middleware], request => usePlain(sessionOf(request), request.path))
}

function expressApp(middleware: Handler[], use: (request: express.Request) => void): Contender {
  const app = express()
  for (const each of middleware) app.use(each)
  app.get(["/read", WRITE], (request, response) => {
    use(request)
    response.send("ok")
  })
  return { listener: app }
}

async function fastifyAlone(): Promise<Contender> {
  return fastifyApp([])
}

export async function fastifyWithSession(store?: ExpressSessionStore): Promise<Contender> {
  const options = {
    secret,
    saveUninitialized: false,
    rolling: false,
    cookie: { secure: false },
    ...(store && { store }),
  }
  return fastifyApp([[await fastifyCookie()], [await fastifySession(), options]])
}

async function fastifyApp(plugins: (readonly [plugin: unknown, options?: object])[]): Promise<Contender> {
  const app = await fastify()
  for (const [plugin, options] of plugins) app.register(plugin, options)
  for (const path of ["/read", WRITE]) {
    app.get(path, async request => {
      if (plugins.length > 0) usePlain(request.session, path)
      return "ok"
    })
  }
  await app.ready()
  return { listener: app.routing }
}

/** The session that a library has put on the request, under the name that all of them use. */
const sessionOf = (request: IncomingMessage): PlainSession => Reflect.get(request, "session")

function usePlain(session: PlainSession, path: string): void {
  if (path === WRITE) session.value = ++written
  else void session.value
}
