import { isSessionError, SessionError } from "../contract/errors.ts"
import { type StandardSchema, validate } from "./schema.ts"

/**
 * What reading a stored value does that no longer fits its schema: `refuse` throws `ERR_SESSION_INVALID_VALUE`; `drop` takes
 * it for absent, and the next write removes it; a function makes a value of it that fits.
 */
export type MismatchPolicy = "refuse" | "drop" | Migrate

/** Makes a value that fits out of one that does not; `undefined` takes it for absent. What still does not fit is refused. */
export type Migrate = (value: unknown, key: string) => unknown

/** One policy for all keys, or one per key; a key that is not named is refused. */
export type MismatchPolicies<Data> = MismatchPolicy | { readonly [Key in keyof Data]?: MismatchPolicy }

export type PolicyOf = (key: string) => MismatchPolicy

/** A stored value after its policy; `value` is `undefined` when it was dropped. */
export interface Fitted {
  readonly value: unknown
  readonly action: "dropped" | "migrated" | undefined
}

/** The stored value if it fits, or what the policy makes of it. */
export function fitted(
  schema: StandardSchema<unknown>,
  policy: MismatchPolicy,
  key: string,
  stored: unknown,
): Fitted {
  try {
    return { value: validate(schema, key, stored), action: undefined }
  } catch (error) {
    if (policy === "refuse" || !isSessionError(error, "ERR_SESSION_INVALID_VALUE")) throw error
    const migrated = policy === "drop" ? undefined : migrate(policy, key, stored)
    if (migrated === undefined) return { value: undefined, action: "dropped" }
    return { value: validate(schema, key, migrated), action: "migrated" }
  }
}

function migrate(policy: Migrate, key: string, stored: unknown): unknown {
  try {
    return policy(stored, key)
  } catch (error) {
    throw new SessionError(
      "ERR_SESSION_INVALID_VALUE",
      `"${key}" does not fit its schema, and onMismatch failed to migrate it: correct that function, or delete the key`,
      error,
    )
  }
}

/** The policy of each key. What is no policy throws `ERR_SESSION_CONFIG`. */
export function resolvePolicies<Data>(
  given: MismatchPolicies<Data> = "refuse",
  schema: ReadonlyMap<string, unknown>,
): PolicyOf {
  if (isPolicy(given)) return () => given
  if (typeof given !== "object" || given === null) throw wrong("onMismatch")
  const policies = new Map<string, MismatchPolicy>()
  for (const [key, policy] of Object.entries(given)) {
    if (!isPolicy(policy)) throw wrong(`onMismatch.${key}`)
    if (!schema.has(key)) throw withoutSchema(key)
    policies.set(key, policy)
  }
  return key => policies.get(key) ?? "refuse"
}

const isPolicy = (given: unknown): given is MismatchPolicy =>
  given === "refuse" || given === "drop" || typeof given === "function"

const wrong = (option: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `${option} is no policy: give "refuse", "drop" or a function that migrates, for all keys or for each`,
  )

const withoutSchema = (key: string): SessionError =>
  new SessionError(
    "ERR_SESSION_CONFIG",
    `onMismatch.${key} has no meaning without a schema of that key: give schema.${key}, or leave it out`,
  )
