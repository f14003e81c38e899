import type { Request } from "express"

/** A field of the form that was sent; empty when it is missing or was given twice. */
export function field(request: Request, name: string): string {
  const body: unknown = request.body
  if (typeof body !== "object" || body === null || !Object.hasOwn(body, name)) return ""
  const value: unknown = Reflect.get(body, name)
  return typeof value === "string" ? value : ""
}
