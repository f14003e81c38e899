/** What a client carries: `id.secret`. */
export interface Token {
  readonly id: string
  readonly secret: string
}

/** 22 characters of id, a dot, 43 of secret. */
export const TOKEN_LENGTH = 66

const SYNTAX = /^[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}$/

/** Reads a token; `undefined` when the text is none, so that nothing malformed gets near a store. */
export function parseToken(text: string): Token | undefined {
  if (text.length !== TOKEN_LENGTH || !SYNTAX.test(text)) return undefined
  return { id: text.slice(0, 22), secret: text.slice(23) }
}

export const formatToken = (token: Token): string => `${token.id}.${token.secret}`

/** Whether the text could be a session's id. */
export const isId = (text: string): boolean => /^[A-Za-z0-9_-]{22}$/.test(text)
