import type { CookieCarrier } from "../cookie-carrier.ts"
import type { OpenedToken } from "../token-protection.ts"
import type { CarriedRequest, Carrier } from "./carrier.ts"

/** The cookie as one carrier among others. Its token is the browser's alone: it is never handed to the application. */
export class CookieWay implements Carrier {
  readonly kind = "cookie"
  readonly varies = "Cookie"
  readonly #carrier: CookieCarrier

  constructor(carrier: CookieCarrier) {
    this.#carrier = carrier
  }

  read(request: CarriedRequest): OpenedToken | undefined {
    return this.#carrier.read(request.header("cookie"))
  }

  write(): undefined {
    return undefined
  }

  wrap(): undefined {
    return undefined
  }
}
