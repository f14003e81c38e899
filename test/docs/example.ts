import type { Page } from "./pages.ts"

/** A request to an example's server, and the answer that the page promises. */
export interface Visit {
  readonly method: string
  readonly path: string
  /** A form body. */
  readonly body: string | undefined
  readonly status: number
  /** What the answer's body contains. */
  readonly text: string
}

/** One block of TypeScript in a page: a module of its own. */
export interface Example {
  /** The page and the line that it begins at. */
  readonly name: string
  readonly code: string
  /** The lines that it prints, each promised by a comment after a `console.log`. */
  readonly output: readonly string[]
  /** What a visitor asks its server, written in a comment before the block that the rendered page does not show. */
  readonly visits: readonly Visit[]
}

const BLOCK = /(?:<!--\n(?<visits>(?:[A-Z]+ \/[^\n]*\n)+)-->\n)?^```ts\n(?<code>.*?)^```$/gms
const VISIT = /^(?<method>[A-Z]+) (?<path>\/\S*)(?: (?<body>\S+))? → (?<status>\d{3})(?: (?<text>.*))?$/
const PRINTED = /console\.log\(.*\) \/\/ (?<line>.*)$/gm

export const examplesOf = (page: Page): Example[] =>
  [...page.text.matchAll(BLOCK)].map(({ index, groups = {} }) => {
    const { code = "", visits = "" } = groups
    return {
      name: `${page.path}:${page.text.slice(0, index).split("\n").length}`,
      code,
      output: [...code.matchAll(PRINTED)].map(match => match.groups?.["line"] ?? ""),
      visits: visits.split("\n").filter(Boolean).map(visitOf),
    }
  })

function visitOf(line: string): Visit {
  const groups = VISIT.exec(line)?.groups
  if (!groups) throw new SyntaxError(`no visit: ${line}; write GET /path → 200 text`)
  const { method = "", path = "", body, status, text = "" } = groups
  return { method, path, body, status: Number(status), text }
}
