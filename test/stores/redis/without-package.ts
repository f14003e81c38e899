/** Prints what opening a Redis URL says where the package `redis` is not installed. */
import { registerHooks } from "node:module"
import { isSessionError } from "../../../src/contract/errors.ts"
import { createRedisStore } from "../../../src/stores/redis/index.ts"

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === "redis") throw new Error("Cannot find package 'redis'")
    return next(specifier, context)
  },
})

try {
  await createRedisStore()
} catch (error) {
  if (isSessionError(error)) console.log(`${error.code}\n${error.message}`)
}
