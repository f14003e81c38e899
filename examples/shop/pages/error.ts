import { html } from "../html.ts"
import type { Page } from "./layout.ts"

interface Explanation {
  readonly title: string
  readonly advice: string
}

const FAILURE: Explanation = {
  title: "Something went wrong",
  advice: "It is our fault, and we have taken note. Please try again.",
}

const EXPLANATIONS: Readonly<Record<number, Explanation>> = {
  401: { title: "Your session has ended", advice: "Nothing was changed. Please log in again." },
  403: {
    title: "This did not come from the shop",
    advice:
      "Nothing was changed. If it was your own click, the page was an old one: please reload it and try again.",
  },
  404: { title: "There is nothing here", advice: "The address may have a typing error." },
  409: {
    title: "That came at the same time as something else",
    advice: "Nothing was changed. Please try again.",
  },
  500: FAILURE,
  503: {
    title: "The shop is busy",
    advice: "Nothing was changed. Please try again in a moment.",
  },
}

const tooMany = (wait: number): Explanation => ({
  title: "Too many attempts",
  advice: `To keep out who guesses passwords, please wait ${Math.ceil(wait / 60)} min, then try again.`,
})

const REFUSAL: Explanation = {
  title: "That cannot be done",
  advice: "The form was not what the shop expected. Please go back and try again.",
}

/** `wait`: for how many seconds it is of no use to try again. */
export function errorPage(status: number, wait = 0): Page {
  const { title, advice } =
    status === 429 ? tooMany(wait) : (EXPLANATIONS[status] ?? (status < 500 ? REFUSAL : FAILURE))
  return {
    title,
    content: html`<p class="lead">${advice}</p>
    <p class="choices"><a class="button" href="/">To the products</a>${status === 401 && html` <a href="/login">Log in</a>`}</p>`,
  }
}
