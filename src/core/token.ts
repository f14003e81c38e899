/** What a client carries: `id.secret`. */
export interface Token {
  readonly id: string
  readonly secret: string
}

/** 22 characters of id, a dot, 43 of secret. */
export const TOKEN_LENGTH = 66

const SYNTAX = /^[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}$/
const ID = /^[A-Za-z0-9_-]{22}$/
const SECRET = /^[A-Za-z0-9_-]{43}$/

const ID_LENGTH = 22
const DOT = 46

/** Whether the text is a token. */
export const isToken = (text: string): boolean => text.length === TOKEN_LENGTH && SYNTAX.test(text)

/** Whether the text could be a token but for its characters, which cost more to look at than all else here. */
export const hasTokenShape = (text: string): boolean =>
  text.length === TOKEN_LENGTH && text.charCodeAt(ID_LENGTH) === DOT

/** Takes apart what has a token's shape; `undefined` for anything else. */
export const splitToken = (text: string): Token | undefined =>
  hasTokenShape(text) ? { id: text.slice(0, ID_LENGTH), secret: text.slice(ID_LENGTH + 1) } : undefined

/** Whether what has a token's shape has its characters, too. */
export const isWellFormed = ({ id, secret }: Token): boolean => isId(id) && SECRET.test(secret)

export const formatToken = (token: Token): string => `${token.id}.${token.secret}`

/** Whether the text could be a session's id. */
export const isId = (text: string): boolean => ID.test(text)
