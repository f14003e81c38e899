export type { NearCacheContext, NearCacheOptions } from "./options.ts"
export { withNearCache } from "./with-near-cache.ts"
