import type { SessionPolicy } from "./policy.ts"

type Row = readonly [what: string, value: string]

/**
 * The policy as a page of Markdown, to be kept with an application's security documentation (ASVS 7.1.1, 7.1.2). It says what is
 * in force; why it is so is for its readers to add.
 */
export function policyPage(policy: SessionPolicy): string {
  const parts = [
    "# Session policy\n",
    section("Lifetimes", lifetimeRows(policy)),
    section("Sessions of a user", userRows(policy)),
    section("How the token travels", carrierRows(policy)),
    section("Protection", protectionRows(policy)),
    section("Storage", storageRows(policy)),
    section("Limits", limitRows(policy)),
  ]
  return parts.join("\n")
}

const section = (title: string, rows: readonly Row[]): string =>
  [
    `## ${title}\n`,
    "| | |",
    "|---|---|",
    ...rows.map(([what, value]) => `| ${what} | ${cell(value)} |`),
    "",
  ].join("\n")

const cell = (value: string): string => value.replaceAll("|", "\\|")
const code = (value: string): string => `\`${value}\``

const lifetimeRows = ({ absoluteTimeout, idleTimeout, persistent, rotation }: SessionPolicy): Row[] => [
  ["ends when unused for", idleTimeout],
  ["ends at the latest after", absoluteTimeout],
  ["kept when the browser closes", persistent ? "yes" : "no, unless a login says so"],
  [
    "a new secret",
    rotation.every === undefined
      ? "at login and at every change of privilege"
      : `at login, at every change of privilege, and every ${rotation.every}; the old one stays good for ${rotation.grace}`,
  ],
]

function userRows({ users: { atLimit, maxSessions } }: SessionPolicy): Row[] {
  if (maxSessions === undefined) return [["at a time", "as many as they like"]]
  const end = atLimit === "refuse" ? "the next login is refused" : "the next login ends the oldest"
  return [
    ["at a time", `at most ${maxSessions}`],
    ["at the limit", end],
  ]
}

function carrierRows({ carriers, cookie, issueBy }: SessionPolicy): Row[] {
  const rows: Row[] = [
    [
      "carriers, the first that has a token decides",
      carriers.map(({ kind, name }) => `${kind} ${code(name)}`).join(", "),
    ],
    ["a new session's", issueBy],
  ]
  if (!cookie) return rows
  const { domain, partitioned, path, sameSite, secure } = cookie
  const attributes = [
    "HttpOnly",
    ...(secure === false ? [] : [secure === true ? "Secure" : "Secure as the connection is"]),
    `SameSite=${sameSite}`,
    `Path=${path}`,
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    ...(partitioned ? ["Partitioned"] : []),
  ]
  return [...rows, ["cookie", attributes.join("; ")]]
}

function protectionRows({ csrf, hijack, token, trustProxy }: SessionPolicy): Row[] {
  const origins = csrf.trustedOrigins.length > 0 ? `, but from ${csrf.trustedOrigins.join(", ")}` : ""
  const exemptions = csrf.exemptions ? ", with exemptions" : ""
  const check = {
    on: `refused${origins}${exemptions}`,
    "report-only": "reported, and let pass",
    off: "not told apart",
  }[csrf.originCheck]
  return [
    ["unsafe requests from other sites", check],
    ["unsafe requests from other hosts of the same site", csrf.sameSite === "allow" ? "let pass" : check],
    ["token", token],
    ["another user agent than at login", hijack.userAgent],
    ["another network than at login", hijack.address],
    ["proxies that are believed", proxies(trustProxy)],
  ]
}

function proxies(trust: SessionPolicy["trustProxy"]): string {
  if (trust === true) return "all"
  if (trust === false) return "none"
  return typeof trust === "number" ? `the nearest ${trust}` : trust.join(", ")
}

const storageRows = ({ atRest, nearCache, onStoreFailure, store, storeTimeout }: SessionPolicy): Row[] => [
  ["store", nearCache ? `${store}, with a near cache` : store],
  ["data at rest", atRest === "encrypted" ? "encrypted under the client's secret" : "in clear"],
  ["a call may take", storeTimeout],
  [
    "when it fails",
    onStoreFailure === "fail" ? "the request fails" : "the request gets a session that cannot be stored",
  ],
]

const limitRows = ({ limits }: SessionPolicy): Row[] =>
  Object.entries(limits).map(([name, limit]) => [code(name), String(limit)])
