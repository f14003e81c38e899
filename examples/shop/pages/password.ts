import { type Html, html } from "../html.ts"
import type { Page } from "./layout.ts"

export const MIN_LENGTH = 8
export const MAX_LENGTH = 128

export const passwordPage = (userId: string, token: Html): Page => ({
  title: "Change your password",
  content: html`<p class="lead">All your other devices are signed out then.</p>
    <div class="columns">
      <form class="panel fields" method="post" action="/password">
        ${token}
        <label>User name
          <input name="user" value="${userId}" autocomplete="username" readonly>
        </label>
        ${newPassword("password", "New password", html` aria-describedby="rule"`)}
        ${newPassword("again", "The same again")}
        <button>Change password</button>
      </form>
      <section class="aside" aria-labelledby="good-password">
        <h2 id="good-password">A good password</h2>
        <p id="rule">At least ${MIN_LENGTH} characters of any kind. A few words in a row are easy to remember and hard to guess.</p>
        <p class="detail">This shop keeps its users in memory: once it is closed, they have the passwords of the login page again.</p>
      </section>
    </div>`,
})

const newPassword = (name: string, label: string, attributes?: Html): Html => html`<label>${label}
          <input name="${name}" type="password" autocomplete="new-password" minlength="${MIN_LENGTH}" maxlength="${MAX_LENGTH}" required${attributes}>
        </label>`
