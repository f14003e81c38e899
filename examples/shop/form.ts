import { csrfField, type Session } from "../../src/index.ts"
import { Html } from "./html.ts"

/** A field of the form that was sent; empty when it is missing or was given twice. */
export function field({ body }: { readonly body?: unknown }, name: string): string {
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, name)) return ""
  const value: unknown = Reflect.get(body, name)
  return typeof value === "string" ? value : ""
}

/** The hidden field by which a form proves that it comes from the shop. */
export const tokenField = <Data extends object>(session: Session<Data>): Html => new Html(csrfField(session))

/**
 * The same for a form that visitors may send as well, whose forms go without: a token would begin a session for whoever
 * looks around.
 */
export const userTokenField = <Data extends object>(session: Session<Data>): Html | undefined =>
  session.userId === undefined ? undefined : tokenField(session)
