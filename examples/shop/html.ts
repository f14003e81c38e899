/** Markup that is safe to send. `html` makes it, so that a text can never pass for it. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** What may stand in a template: texts are escaped, markup is not, `false` and `undefined` are left out. */
export type Content = Html | string | number | false | undefined | readonly Content[]

/** Markup from a template. Put quotes around the values of attributes, as escaping relies on them. */
export function html(strings: TemplateStringsArray, ...contents: Content[]): Html {
  return new Html(strings.map((text, index) => text + render(contents[index])).join(""))
}

function render(content: Content): string {
  if (content === undefined || content === false) return ""
  if (content instanceof Html) return content.text
  if (typeof content === "object") return content.map(render).join("")
  return escaped(String(content))
}

const escaped = (text: string): string =>
  text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
