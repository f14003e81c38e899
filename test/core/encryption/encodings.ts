/** Every form in which a text could stand in a dump, as far as one can search for it. */
export function formsOf(text: string): string[] {
  const json = within(JSON.stringify(text))
  const escaped = json.replace(/[^ -~]/g, each => `\\u${each.charCodeAt(0).toString(16).padStart(4, "0")}`)
  const texts = [text, json, within(JSON.stringify(json)), escaped, encodeURIComponent(text)]
  const bytes = texts.flatMap(each => [
    Buffer.from(each, "utf8"),
    Buffer.from(each, "utf16le"),
    Buffer.from(each, "latin1"),
  ])
  const forms = bytes.flatMap(each => [each.toString("latin1"), ...hexOf(each), ...base64Of(each)])
  return [...new Set([...texts, ...forms])]
}

const within = (quoted: string): string => quoted.slice(1, -1)

const hexOf = (bytes: Buffer): string[] => [bytes.toString("hex"), bytes.toString("hex").toUpperCase()]

/** In base64 a text looks different at each of three offsets; what its neighbours have no part in is searched for. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap(offset => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes])
    const whole = shifted.subarray(0, shifted.length - (shifted.length % 3))
    const inner = whole.toString("base64").slice(offset === 0 ? 0 : 4)
    return [inner, inner.replaceAll("+", "-").replaceAll("/", "_")]
  })
}
