import { html } from "../html.ts"
import type { Page } from "./layout.ts"

export const visitsPage = (visits: number, since: number | undefined): Page => ({
  title: "Visits",
  content: html`<p class="figure">${visits}</p>
    <p class="lead">${visits === 1 ? "This is your first visit to this page." : `You have opened this page ${visits} times.`}</p>
    ${since !== undefined && html`<p>Counted since ${UTC.format(since)}.</p>`}`,
})

const UTC = new Intl.DateTimeFormat("en", { dateStyle: "long", timeStyle: "long", timeZone: "UTC" })
