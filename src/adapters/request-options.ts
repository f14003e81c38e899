import type { IncomingMessage } from "node:http"

/** Which requests get which kind of session. */
export interface RequestOptions<Request = IncomingMessage> {
  /** `true`: nothing is read until the handler calls `await session.load()`. */
  readonly lazy?: boolean | ((request: Request) => boolean)
  /** `false`: the request is no use of the session, so it does not lengthen its idle life. Default `true`. */
  readonly touch?: boolean | ((request: Request) => boolean)
  /**
   * Told of an error for which this library itself answered, or had to cut the connection, so that no other error handler
   * sees it. Default: prints to the console what stands for a status of 500 and above.
   */
  readonly onError?: (error: unknown, request: Request) => void
}

export const decide = <Request>(
  option: boolean | ((request: Request) => boolean) | undefined,
  request: Request,
  otherwise: boolean,
): boolean => (typeof option === "function" ? option(request) : (option ?? otherwise))
