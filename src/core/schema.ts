import { SessionError } from "../contract/errors.ts"

/** The part of Standard Schema (standardschema.dev, version 1) that is used here: zod, valibot, arktype, … have it. */
export interface StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
  }
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** A schema per key. It must accept its own output, as it judges both what is written and what is read. */
export type DataSchema<Data> = { readonly [Key in keyof Data]?: StandardSchema<Data[Key]> }

/** The validated value. `ERR_SESSION_INVALID_VALUE` tells each issue with its path. */
export function validate(schema: StandardSchema<unknown>, key: string, value: unknown): unknown {
  const result = schema["~standard"].validate(value)
  if (result instanceof Promise) {
    // Nobody waits for it: were it to reject unseen, it would end the process.
    result.catch(() => undefined)
    throw new SessionError(
      "ERR_SESSION_CONFIG",
      `the schema of "${key}" is asynchronous: session values are validated synchronously, so use one that is not`,
    )
  }
  if (!result.issues) return result.value
  const issues = result.issues.map(issue => `${pathOf(key, issue)}: ${issue.message}`)
  throw new SessionError(
    "ERR_SESSION_INVALID_VALUE",
    `"${key}" does not fit its schema: ${issues.join("; ")}`,
  )
}

const pathOf = (key: string, issue: SchemaIssue): string =>
  [key, ...(issue.path ?? []).map(part => String(typeof part === "object" ? part.key : part))].join(".")
