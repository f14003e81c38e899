/** What a near cache counts, from its start. */
export class CacheCounters {
  hits = 0
  /** Nothing was in memory. */
  misses = 0
  /** Something was in memory, but older than the client has seen, or not to be trusted any more. */
  staleRefusals = 0
  /** Answered from the list of unknown ids. */
  absentHits = 0
  /** Reads of the store for the cache. */
  fills = 0
  /** Requests that waited for a read which another one had begun. */
  sharedFills = 0
  /** Reads whose answer was outdated when it came. */
  outdatedFills = 0
  noticesReceived = 0
  /** Changes and revocations of single sessions that this node made, and of which the others are told. */
  noticesCaused = 0
}
