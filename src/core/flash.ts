import type { Values } from "./values.ts"
import { RESERVED_PREFIX } from "./values.ts"

export interface FlashMessage {
  readonly message: string
  readonly kind: string
}

/** More than anybody reads: the oldest give way, so that pages that show none never fill the session. */
const MAX_FLASHES = 32
const PREFIX = `${RESERVED_PREFIX}flash.`

/** Each message has a key of its own, ordered by time, so that concurrent requests add theirs without a conflict. */
export function addFlash(values: Values, flash: FlashMessage, now: number): void {
  const unique = Math.random().toString(36).slice(2, 10)
  const waiting = flashKeys(values).sort()
  for (const oldest of waiting.slice(0, Math.max(0, waiting.length + 1 - MAX_FLASHES))) values.delete(oldest)
  const order = waiting.length
  values.set(`${PREFIX}${now.toString(36)}.${order.toString(36).padStart(3, "0")}.${unique}`, flash)
}

export const hasFlashes = (values: Values): boolean => flashKeys(values).length > 0

export function takeFlashes(values: Values): FlashMessage[] {
  const keys = flashKeys(values)
  const messages = keys.sort().map(key => values.get(key) as FlashMessage)
  for (const key of keys) values.delete(key)
  return messages
}

const flashKeys = (values: Values): string[] => values.keys().filter(key => key.startsWith(PREFIX))
