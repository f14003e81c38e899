import type { Cart } from "./cart.ts"

/** What the shop keeps in a session. In an application of your own, the module is named "sojourn/express". */
declare module "../../src/adapters/express.ts" {
  interface SessionValues {
    cart: Cart
    visits: number
  }
}
