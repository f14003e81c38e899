/** A client's cookies: the last answer wins, as in a browser. */
export class Jar {
  readonly #cookies = new Map<string, string>()

  get header(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ")
  }

  /** The version that the cookies name. */
  get version(): number {
    return Number(this.#cookies.get("sid-v") ?? 0)
  }

  keep(lines: readonly string[]): void {
    for (const line of lines) {
      const [pair = "", ...attributes] = line.split("; ")
      const equals = pair.indexOf("=")
      const name = pair.slice(0, equals)
      if (attributes.includes("Max-Age=0")) this.#cookies.delete(name)
      else this.#cookies.set(name, pair.slice(equals + 1))
    }
  }
}
