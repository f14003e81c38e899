import { CookieJar } from "tough-cookie"

/** What a visitor sees after following the redirects. */
export interface Seen {
  readonly status: number
  readonly path: string
  readonly headers: Headers
  readonly body: string
  /** The messages on the page, as their text. */
  readonly messages: readonly string[]
}

const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

type Fields = Readonly<Record<string, string>>

/** Somebody with a browser: it keeps cookies and follows redirects. */
export class Visitor {
  readonly jar: CookieJar
  readonly #address: string
  readonly #userAgent: string

  constructor(address: string, userAgent = FIREFOX, jar = new CookieJar()) {
    this.#address = address
    this.#userAgent = userAgent
    this.jar = jar
  }

  get(path: string): Promise<Seen> {
    return this.#ask(path, {})
  }

  post(path: string, fields: Fields = {}): Promise<Seen> {
    return this.#ask(path, { method: "POST", body: new URLSearchParams(fields) })
  }

  /** Logs in as one of the shop's demonstration users. */
  logIn(user: "anna" | "ben", fields: Fields = {}): Promise<Seen> {
    const password = user === "anna" ? "tea at seven" : "coffee at nine"
    return this.post("/login", { user, password, ...fields })
  }

  cookieHeader(): Promise<string> {
    return this.jar.getCookieString(this.#address)
  }

  async #ask(path: string, init: RequestInit): Promise<Seen> {
    const url = new URL(path, this.#address)
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      headers: { "User-Agent": this.#userAgent, Cookie: await this.cookieHeader() },
    })
    for (const cookie of response.headers.getSetCookie()) await this.jar.setCookie(cookie, url.href)
    const location = response.headers.get("Location")
    if (location !== null) {
      await response.body?.cancel()
      return await this.get(location)
    }
    const body = await response.text()
    const { status, headers } = response
    return { status, headers, path: url.pathname, body, messages: messagesIn(body) }
  }
}

const messagesIn = (body: string): string[] =>
  [...body.matchAll(/<p class="message [^"]*">([^<]*)<\/p>/g)].map(match => match[1] ?? "")
