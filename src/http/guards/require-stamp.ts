import type { Session } from "../../core/session.ts"
import type { Guard, GuardedRequest } from "./guard.ts"
import { type LoginPageOptions, toLogin } from "./login-page.ts"

/** Looks up the stamp that the user's credentials have now, such as the password's hash; `undefined` for a user who is no more. */
export type CurrentStamp<Data extends object> = (
  session: Session<Data>,
  request: GuardedRequest,
) => string | undefined | Promise<string | undefined>

/**
 * Turns away whoever is not logged in, and ends a session that was logged in under another stamp than the user's current one
 * (event `revoked`, reason `credentials`): so a changed password ends all sessions but those that were told of the new one, whoever
 * changed it (ASVS 7.4.3). A person is sent to the login page, a program gets 401.
 */
export const requireStamp =
  <Data extends object>(current: CurrentStamp<Data>, options: LoginPageOptions = {}): Guard<Data> =>
  async (session, request) => {
    if (session.userId === undefined) return toLogin(request, options, "Login is required")
    if (await session.verifyStamp(await current(session, request))) return undefined
    return toLogin(request, options, "The credentials have changed: login is required")
  }
