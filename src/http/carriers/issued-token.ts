import { type Session, stateOf } from "../../core/session.ts"
import { isHttpExchange } from "./presented.ts"
import { UrlCarrier } from "./url-carrier.ts"

/**
 * The token that this very request has issued, for the JSON that an API answers a login with; its client carries it by header.
 * `undefined` when the request has issued none, when its answer has left, and where the token is a cookie, which no
 * script may read.
 */
export function issuedToken<Data extends object>(session: Session<Data>): string | undefined {
  const { delivery, exchange } = stateOf(session)
  if (!delivery || !isHttpExchange(exchange)) return undefined
  const { carrier } = exchange.presented
  return carrier.kind === "header" ? carrier.wrap(delivery) : undefined
}

/** The URL of this session's request without any token: for redirects, logs and whoever else must not see it. */
export function withoutToken<Data extends object>(session: Session<Data>, url: string): string {
  const { exchange } = stateOf(session)
  return isHttpExchange(exchange) ? exchange.presented.withoutToken(url) : url
}

/**
 * The link with the session's token, where that travels in the URL and the link is a relative one of this site; otherwise the
 * link as it is. A new session has to be stored before: `await session.save()`. The result goes into a page or a `Location`,
 * never into a log.
 */
export function sessionUrl<Data extends object>(session: Session<Data>, link: string): string {
  const { delivery, exchange, record } = stateOf(session)
  if (!record || !isHttpExchange(exchange)) return link
  const { carrier } = exchange.presented
  const text = exchange.presented.carried(delivery)
  return carrier instanceof UrlCarrier && text !== undefined ? carrier.rewrite(link, text) : link
}
