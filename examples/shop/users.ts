import { randomBytes, randomUUID, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto"

export interface User {
  readonly id: string
  readonly name: string
  readonly passwordHash: PasswordHash
  /** Another one with each password: a session that was logged in under an earlier one ends. */
  readonly stamp: string
}

interface PasswordHash {
  readonly salt: Buffer
  readonly hash: Buffer
}

/** The login page shows these. A shop of your own has its users in a database, where a changed password outlives the process. */
export const DEMO_USERS = [
  { id: "anna", name: "Anna", password: "tea at seven" },
  { id: "ben", name: "Ben", password: "coffee at nine" },
] as const

/** One of the settings that OWASP's Password Storage Cheat Sheet holds equal, the one for little memory (16 MiB). */
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 5 }

const NOBODY = await hashPassword(randomBytes(32).toString("hex"))
const USERS = new Map<string, User>(
  await Promise.all(
    DEMO_USERS.map(async ({ id, name, password }) => {
      const user: User = { id, name, passwordHash: await hashPassword(password), stamp: "demonstration" }
      return [id, user] as const
    }),
  ),
)

export const findUser = (id: string): User | undefined => USERS.get(id)

/** The user whose password it is. An unknown name takes as long as a wrong password, so time tells nobody who exists. */
export async function authenticate(id: string, password: string): Promise<User | undefined> {
  const user = USERS.get(id)
  const { salt, hash } = user?.passwordHash ?? NOBODY
  return timingSafeEqual(await derive(password, salt), hash) ? user : undefined
}

/** Gives the user another password. The user is a new one: of two changes at the same time, the last stays whole. */
export async function changePassword(user: User, password: string): Promise<User> {
  const changed = { ...user, passwordHash: await hashPassword(password), stamp: randomUUID() }
  USERS.set(user.id, changed)
  return changed
}

async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16)
  return { salt, hash: await derive(password, salt) }
}

function derive(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, COST, (error, hash) => (error ? reject(error) : resolve(hash)))
  })
}
