import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"

/** Starts a script of this folder with its input as JSON. */
export function start(script: string, input: object): ChildProcess {
  const path = fileURLToPath(new URL(script, import.meta.url))
  return spawn(process.execPath, [path, JSON.stringify(input)], { stdio: ["ignore", "pipe", "pipe"] })
}

/** Its output, once it has ended well. */
export async function outputOf(child: ChildProcess): Promise<string> {
  const { stdout, stderr } = child
  if (!stdout || !stderr) throw new Error("the child was started without pipes")
  const [output, errors, [code, signal]] = await Promise.all([
    text(stdout),
    text(stderr),
    once(child, "exit"),
  ])
  if (code !== 0) throw new Error(`child ended with ${code ?? signal}: ${errors}`)
  return output
}

/** What {@link start} was given. */
export const input = (): Record<string, string> =>
  JSON.parse(process.argv[2] ?? "{}") as Record<string, string>
