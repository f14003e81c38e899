import { once } from "node:events"
import { type ClientRequest, type IncomingMessage, request } from "node:http"
import { text } from "node:stream/consumers"

/** A form on a slow line: the server has its head, and waits for its fields. */
export class SlowPost {
  readonly #request: ClientRequest
  readonly #form: string

  private constructor(begun: ClientRequest, form: string) {
    this.#request = begun
    this.#form = form
  }

  /** Sends the head, and waits until the server is opening the session. */
  static async begin(address: string, path: string, form: string, cookie: string): Promise<SlowPost> {
    const begun = request(new URL(path, address), {
      method: "POST",
      agent: false,
      headers: {
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": form.length,
        Cookie: cookie,
        Expect: "100-continue",
      },
    })
    begun.flushHeaders()
    // The server says so in the same turn in which it opens the session.
    await once(begun, "continue")
    return new SlowPost(begun, form)
  }

  async finish(): Promise<{ status: number; body: string }> {
    const answered: Promise<IncomingMessage[]> = once(this.#request, "response")
    this.#request.end(this.#form)
    const [response] = await answered
    if (!response) throw new Error("no response")
    return { status: response.statusCode ?? 0, body: await text(response) }
  }
}
