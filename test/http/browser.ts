import type { RequestListener } from "node:http"
import { CookieJar } from "tough-cookie"
import { type Served, serve } from "../adapters/served.ts"
import { type Answer, headerOf, parseAnswer, Wire } from "../adapters/wire.ts"

/**
 * A browser, as far as cookies go: it keeps what it is told and sends what it has to. The site's address is what the browser
 * sees; the server itself is reached over plain http, as behind a proxy.
 */
export class Browser implements AsyncDisposable {
  readonly jar = new CookieJar()
  readonly #server: Served

  private constructor(server: Served) {
    this.#server = server
  }

  static async of(listener: RequestListener): Promise<Browser> {
    return new Browser(await serve(listener))
  }

  async visit(url: string, headers: Record<string, string> = {}): Promise<Answer> {
    const { pathname, host, protocol } = new URL(url)
    const cookie = await this.jar.getCookieString(url)
    const proto = { "X-Forwarded-Proto": protocol.slice(0, -1) }
    const all = { Host: host, ...proto, ...(cookie && { Cookie: cookie }), ...headers }
    const answer = parseAnswer(await new Wire(this.#server).request(pathname, all).answer())
    for (const line of headerOf(answer, "set-cookie")) await this.jar.setCookie(line, url)
    return answer
  }

  async cookies(url: string): Promise<string[]> {
    return (await this.jar.getCookies(url)).map(cookie => cookie.key)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]()
  }
}
