import type { Session } from "../../core/session.ts"

/** What a guard may look at besides the session. */
export interface GuardedRequest {
  readonly method: string
  /** The path with its query, as the client asked for it; never with a token. */
  readonly url: string
  /** A request header by its name in small letters. */
  header(name: string): string | undefined
  /** Adds a header to the response, whether the request passes or not. */
  addHeader(name: string, value: string): void
  /** The parsed body, where the framework has parsed one. Over Fetch the form, if it has 1 MiB at most. */
  readonly body: unknown
}

/** How a guard turns a request away. */
export interface Refusal {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Lets a request pass with `undefined`, or turns it away. Works with every adapter. */
export type Guard<Data extends object> = (
  session: Session<Data>,
  request: GuardedRequest,
) => Refusal | undefined | Promise<Refusal | undefined>

/** A guard for sessions of any data. */
export type AnyGuard = <Data extends object>(
  session: Session<Data>,
  request: GuardedRequest,
) => Refusal | undefined | Promise<Refusal | undefined>

/** Runs guards in order; the first refusal counts. */
export async function firstRefusal<Data extends object>(
  guards: readonly Guard<Data>[],
  session: Session<Data>,
  request: GuardedRequest,
): Promise<Refusal | undefined> {
  await session.load()
  for (const guard of guards) {
    const refusal = await guard(session, request)
    if (refusal) return refusal
  }
  return undefined
}

/** A refusal for a program: JSON after RFC 9457. */
export const problem = (status: number, title: string, headers: Record<string, string> = {}): Refusal => ({
  status,
  headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", ...headers },
  body: JSON.stringify({ type: "about:blank", title, status }),
})

/** A refusal that sends a person to another page. 303: the next request is a GET. */
export const redirect = (location: string): Refusal => ({
  status: 303,
  headers: { Location: location, "Cache-Control": "no-store" },
  body: "",
})

/** Whether a person's browser asks for a page, rather than a program for data. */
export const wantsPage = (request: GuardedRequest): boolean =>
  request.header("sec-fetch-mode") === "navigate" || request.header("accept")?.includes("text/html") === true
