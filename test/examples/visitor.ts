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

export const PASSWORDS = { anna: "tea at seven", ben: "coffee at nine" } as const

type Fields = Readonly<Record<string, string>>

/** Somebody with a browser: it keeps cookies, follows redirects, and sends forms as the page that it was shown has them. */
export class Visitor {
  readonly jar: CookieJar
  readonly #address: string
  readonly #userAgent: string
  #token = ""

  constructor(address: string, userAgent = FIREFOX, jar = new CookieJar()) {
    this.#address = address
    this.#userAgent = userAgent
    this.jar = jar
  }

  get(path: string): Promise<Seen> {
    return this.#ask(path, {})
  }

  /** The anti-forgery token that the last page with forms had; empty before the first. */
  get token(): string {
    return this.#token
  }

  post(path: string, fields: Fields = {}): Promise<Seen> {
    return this.postAs(path, { _csrf: this.#token, ...fields })
  }

  /** Sends these fields and no others, as a form that the shop did not write. */
  postAs(path: string, fields: Fields, headers: Fields = {}): Promise<Seen> {
    return this.#ask(path, { method: "POST", body: new URLSearchParams(fields), headers })
  }

  /** Logs in as one of the shop's demonstration users. */
  async logIn(user: "anna" | "ben", fields: Fields = {}): Promise<Seen> {
    await this.get("/login")
    return await this.post("/login", { user, password: PASSWORDS[user], ...fields })
  }

  cookieHeader(): Promise<string> {
    return this.jar.getCookieString(this.#address)
  }

  async #ask(path: string, init: RequestInit & { readonly headers?: Fields }): Promise<Seen> {
    const url = new URL(path, this.#address)
    const response = await fetch(url, {
      ...init,
      redirect: "manual",
      headers: {
        Accept: "text/html",
        "User-Agent": this.#userAgent,
        Cookie: await this.cookieHeader(),
        ...init.headers,
      },
    })
    for (const cookie of response.headers.getSetCookie()) await this.jar.setCookie(cookie, url.href)
    const location = response.headers.get("Location")
    if (location !== null) {
      await response.body?.cancel()
      return await this.get(location)
    }
    const body = await response.text()
    this.#token = /name="_csrf" value="([^"]+)"/.exec(body)?.[1] ?? this.#token
    const { status, headers } = response
    return { status, headers, path: url.pathname + url.search, body, messages: messagesIn(body) }
  }
}

const messagesIn = (body: string): string[] =>
  [...body.matchAll(/<p class="message [^"]*">([^<]*)<\/p>/g)].map(match => match[1] ?? "")
