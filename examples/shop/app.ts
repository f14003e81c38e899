import { fileURLToPath } from "node:url"
import express, { type Express } from "express"
import { session } from "../../src/adapters/express.ts"
import type { Sessions } from "../../src/index.ts"
import { limitAttempts, protectUsers } from "./guards.ts"
import { account } from "./routes/account.ts"
import { cart } from "./routes/cart.ts"
import { devices } from "./routes/devices.ts"
import { answerError, notFound } from "./routes/errors.ts"
import { password } from "./routes/password.ts"
import { products } from "./routes/products.ts"
import { visits } from "./routes/visits.ts"
import { securityHeaders } from "./security-headers.ts"
import "./session-values.ts"

/** `loginAttempts`: how often an account's password may be tried in a quarter of an hour. */
export function createApp(sessions: Sessions, loginAttempts = 10): Express {
  const app = express()
  app.disable("x-powered-by")
  app.use(securityHeaders)
  // Before the sessions, so that fetching the style sheet opens none.
  app.use(express.static(fileURLToPath(new URL("public", import.meta.url)), { index: false, maxAge: "1h" }))
  app.use(session(sessions))
  app.use(express.urlencoded({ extended: false, limit: "10kb" }))
  app.use(protectUsers)

  const limited = limitAttempts(sessions, loginAttempts)
  app.use(products())
  app.use(cart())
  app.use(account(limited))
  app.use(password(limited))
  app.use(devices(sessions))
  app.use(visits())

  app.use(notFound)
  app.use(answerError)
  return app
}
