/** A browser's cookies, as far as one site's tests need: names and values, set and deleted by each answer in turn. */
export class Jar {
  readonly cookies = new Map<string, string>()

  /** What the browser sends. */
  get header(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ")
  }

  take(response: Response): Response {
    for (const line of response.headers.getSetCookie()) this.takeLine(line)
    return response
  }

  takeLine(line: string): void {
    const [pair = ""] = line.split(";", 1)
    const equals = pair.indexOf("=")
    if (/; Max-Age=0(;|$)/.test(line)) this.cookies.delete(pair.slice(0, equals))
    else this.cookies.set(pair.slice(0, equals), pair.slice(equals + 1))
  }

  copy(): Jar {
    const copy = new Jar()
    for (const [name, value] of this.cookies) copy.cookies.set(name, value)
    return copy
  }
}
