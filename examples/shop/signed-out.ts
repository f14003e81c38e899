/** How many other devices have been signed out, as a sentence. */
export function signedOut(count: number): string {
  if (count === 0) return "No other device was signed in."
  return count === 1 ? "1 other device is signed out." : `${count} other devices are signed out.`
}
