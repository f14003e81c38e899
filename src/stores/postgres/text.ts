/** What begins with it is JSON. No text of an ordinary codec or application begins with this control character. */
const MARK = "\u0001"

/**
 * Text as PostgreSQL can hold it. It knows neither NUL nor lone surrogates; such text is kept as JSON behind a mark, and so
 * is what could be taken for it. All other text stays as it is.
 */
export const encodeText = (text: string): string =>
  text.startsWith(MARK) || text.includes("\0") || !text.isWellFormed() ? MARK + JSON.stringify(text) : text

export const decodeText = (text: string): string =>
  text.startsWith(MARK) ? String(JSON.parse(text.slice(MARK.length))) : text
