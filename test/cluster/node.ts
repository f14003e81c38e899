/** One node of the cluster, as a process: an application with sessions, and nothing else. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { withSession } from "../../src/adapters/node.ts"
import { type Session, stateOf } from "../../src/core/session.ts"
import { createSessions, openStore } from "../../src/index.ts"
import { sabotaged } from "./sabotage.ts"

/** What a session holds: a counter, and the newest number written under each of some keys. */
export type NodeData = Record<string, number>

/** What a node answers. */
export interface NodeAnswer {
  readonly node: number
  /** `undefined` for who is not logged in. */
  readonly id?: string
  readonly version?: number
  readonly data?: NodeData
  /** The sessions that were ended. */
  readonly ended?: readonly string[]
}

const [, , url = "", number = "", bound = "", sabotage] = process.argv
const node = Number(number)
const store = sabotaged(await openStore(url), sabotage)
const sessions = await createSessions<NodeData>({
  store,
  cookie: { secure: false },
  nearCache: { maxStaleness: Number(bound), maxSessions: 5_000 },
  storeTimeout: "1s",
  touchInterval: "2s",
})
if (sabotage === "version" && sessions.edge.versions) sessions.edge.versions.read = () => 0

function view(session: Session<NodeData>): NodeAnswer {
  const { record } = stateOf(session)
  if (!record || session.userId === undefined) return { node }
  const data = Object.fromEntries(session.keys().map(key => [key, session.get(key) ?? 0]))
  return { node, id: session.id, version: record.version, data }
}

async function answer(path: string, query: URLSearchParams, session: Session<NodeData>): Promise<NodeAnswer> {
  switch (path) {
    case "/login":
      await session.login(query.get("user") ?? "")
      return view(session)
    case "/set":
      if (session.userId !== undefined) session.set(query.get("key") ?? "", Number(query.get("value")))
      await session.save()
      return view(session)
    case "/increment":
      if (session.userId !== undefined) await session.update("count", count => (count ?? 0) + 1)
      return view(session)
    case "/logout": {
      const { id } = session
      const live = session.userId !== undefined
      await session.logout()
      return { node, ended: live ? [id] : [] }
    }
    case "/revoke-user":
      return { node, ended: await sessions.revokeUser(query.get("user") ?? "") }
    default:
      return view(session)
  }
}

async function handle(request: IncomingMessage, response: ServerResponse, session: Session<NodeData>) {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://node")
  const body = await answer(pathname, searchParams, session)
  response.end(JSON.stringify(body))
}

const server = createServer(withSession(sessions, handle, { onError: () => undefined }))
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as { port: number }).port }))
process.on("disconnect", () => process.exit())
