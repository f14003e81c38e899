import { type Html, html } from "../html.ts"
import { type Product, price } from "../products.ts"
import type { Page } from "./layout.ts"

export const productsPage = (products: readonly Product[], token: Html | undefined): Page => ({
  title: "Products",
  content: html`<p class="lead">A few good things for a short stay.</p>
    <ul class="cards">${products.map(product => card(product, token))}</ul>`,
})

const card = ({ id, name, description, cents, drawing }: Product, token: Html | undefined): Html => html`
      <li class="card">
        <svg class="drawing" viewBox="0 0 24 24" aria-hidden="true">${drawing}</svg>
        <h2>${name}</h2>
        <p>${description}</p>
        <form class="buy" method="post" action="/cart/add">
          ${token}
          <input type="hidden" name="product" value="${id}">
          <strong>${price(cents)}</strong>
          <button>Add<span class="unseen"> ${name}</span> to cart</button>
        </form>
      </li>`
