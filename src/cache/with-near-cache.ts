import {
  isClearable,
  isCounting,
  isExternallyIndexed,
  isHitCounting,
  isObservable,
  isParallel,
  isUserIndexed,
  type SessionStore,
} from "../contract/store.ts"
import { NearCache } from "./near-cache.ts"
import type { NearCacheContext, NearCacheOptions } from "./options.ts"

/** Heartbeats in each span of `maxStaleness`: one that is late costs no lease. */
const HEARTBEATS = 4

/** The store with a near cache before it, which has all of the store's capabilities, and listens to its feed if it has one. */
export function withNearCache(
  store: SessionStore,
  options: NearCacheOptions,
  context: NearCacheContext = { now: Date.now, monotonic: () => performance.now() },
): NearCache {
  const cache = new NearCache(store, options, context)
  addUserIndex(cache, store)
  addExternalIndex(cache, store)
  addRest(cache, store)
  if (isObservable(store)) {
    const heartbeatInterval = Math.max(Math.floor(options.maxStaleness / HEARTBEATS), 1)
    cache.listenTo(store.observe(cache, { heartbeatInterval }))
  }
  return cache
}

function addUserIndex(cache: NearCache, store: SessionStore): void {
  if (!isUserIndexed(store)) return
  const revokeByUser: typeof store.revokeByUser = async (userId, except, signal) => {
    try {
      const ids = await store.revokeByUser(userId, except, signal)
      for (const id of ids) cache.ended(id)
      return ids
    } finally {
      cache.userEnded(userId)
    }
  }
  Object.assign(cache, {
    findByUser: store.findByUser.bind(store),
    countByUser: store.countByUser.bind(store),
    revokeByUser,
  })
}

function addExternalIndex(cache: NearCache, store: SessionStore): void {
  if (!isExternallyIndexed(store)) return
  const revokeByExternalId: typeof store.revokeByExternalId = async (externalId, signal) => {
    const ids = await store.revokeByExternalId(externalId, signal)
    for (const id of ids) cache.ended(id)
    return ids
  }
  Object.assign(cache, { revokeByExternalId })
}

function addRest(cache: NearCache, store: SessionStore): void {
  if (isParallel(store)) Object.assign(cache, { parallelCalls: store.parallelCalls })
  if (isHitCounting(store)) Object.assign(cache, { hit: store.hit.bind(store) })
  if (isCounting(store)) {
    Object.assign(cache, {
      countLive: store.countLive.bind(store),
      countUsersSeen: store.countUsersSeen.bind(store),
    })
  }
  if (!isClearable(store)) return
  const revokeAll: typeof store.revokeAll = async signal => {
    try {
      return await store.revokeAll(signal)
    } finally {
      cache.allEnded()
    }
  }
  Object.assign(cache, { revokeAll })
}
