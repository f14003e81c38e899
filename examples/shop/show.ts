import type { Request, Response } from "express"
import { countOf } from "./cart.ts"
import { userTokenField } from "./form.ts"
import { layout, type Page, type Visitor } from "./pages/layout.ts"
import { findUser } from "./users.ts"

type ShopSession = Request["session"]

const STRANGER: Visitor = { name: undefined, cartCount: 0 }

/** Answers with a page. It shows the messages that were left for it, which are then gone. */
export function show(request: Request, response: Response, page: Page): void {
  const { session } = request
  send(response, layout(page, request.path, visitorOf(session), session.flashes()).text)
}

/** Answers with a page that was not meant to be shown, and so shows no messages. */
export function showInstead(request: Request, response: Response, page: Page, visitor: Visitor): void {
  send(response, layout(page, request.path, visitor, []).text)
}

/** A page for somebody who is turned away. It changes nothing. */
export const pageFor = (session: ShopSession, page: Page): string =>
  layout(page, "", onlookerOf(session), []).text

/** Who asks, with what their forms need. */
export const visitorOf = (session: ShopSession): Visitor => ({
  ...onlookerOf(session),
  token: userTokenField(session),
})

/** Who asks, for a page whose session may have ended or be out of reach: without forms, as a token may begin one. */
export function onlookerOf(session: ShopSession | undefined): Visitor {
  if (!session) return STRANGER
  const user = session.userId === undefined ? undefined : findUser(session.userId)
  return { name: user?.name, cartCount: countOf(session.get("cart") ?? {}) }
}

function send(response: Response, page: string): void {
  // A page is one person's: the back button must not bring it up after the logout.
  response.set("Cache-Control", "no-store")
  response.send(page)
}
