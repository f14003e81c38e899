/**
 * The values that a Cookie header gives for a name, in order. Takes any text: what is not `name=value` is passed over,
 * quotes around a value are dropped (RFC 6265bis, 5.6 and 4.1.1). Nothing is percent-decoded, as tokens need none.
 */
export function cookieValues(header: string, name: string): string[] {
  const values: string[] = []
  let from = 0
  while (from < header.length) {
    const found = header.indexOf(name, from)
    if (found === -1) return values
    const after = found + name.length
    from = after
    if (!startsPair(header, found)) continue
    const equals = skipBlanks(header, after)
    if (header.charCodeAt(equals) !== EQUALS) continue
    const semicolon = header.indexOf(";", equals)
    const end = semicolon === -1 ? header.length : semicolon
    values.push(unquoted(header.slice(equals + 1, end).trim()))
    from = end
  }
  return values
}

const EQUALS = 61
const SEMICOLON = 59

function startsPair(header: string, index: number): boolean {
  let before = index - 1
  while (before >= 0 && isBlank(header.charCodeAt(before))) before--
  return before < 0 || header.charCodeAt(before) === SEMICOLON
}

function skipBlanks(header: string, index: number): number {
  let at = index
  while (isBlank(header.charCodeAt(at))) at++
  return at
}

const isBlank = (code: number): boolean => code === 32 || code === 9

const unquoted = (value: string): string =>
  value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value
