import type { Request, Response } from "express"
import { countOf } from "./cart.ts"
import { layout, type Page, type Visitor } from "./pages/layout.ts"
import { findUser } from "./users.ts"

const STRANGER: Visitor = { name: undefined, cartCount: 0 }

/** Answers with a page. It shows the messages that were left for it, which are then gone. */
export function show(request: Request, response: Response, page: Page): void {
  send(response, layout(page, request.path, visitorOf(request), request.session.flashes()).text)
}

/** Answers with a page that changes nothing, to a visitor whose session may have ended or be out of reach. */
export function showError(request: Request, response: Response, page: Page, visitor = STRANGER): void {
  send(response, layout(page, request.path, visitor, []).text)
}

/** Who asks. While the store is down no request has a session. */
export function visitorOf({ session }: { readonly session?: Request["session"] }): Visitor {
  if (!session) return STRANGER
  const user = session.userId === undefined ? undefined : findUser(session.userId)
  return { name: user?.name, cartCount: countOf(session.get("cart") ?? {}) }
}

function send(response: Response, page: string): void {
  // A page is one person's: the back button must not bring it up after the logout.
  response.set("Cache-Control", "no-store")
  response.send(page)
}
