import { type Html, html } from "./html.ts"

export interface Product {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly cents: number
  /** Paths in a square of 24 by 24. */
  readonly drawing: Html
}

export const PRODUCTS: readonly Product[] = [
  {
    id: "tent",
    name: "Tent for two",
    description: "Up in four minutes, dry for a week.",
    cents: 18_900,
    drawing: html`<path d="M12 5 3 20h18zM12 5l1.5-2M12 5l-1.5-2M12 12l-4 8M12 12l4 8"/>`,
  },
  {
    id: "lantern",
    name: "Lantern",
    description: "Warm light for forty hours on one charge.",
    cents: 3_950,
    drawing: html`<path d="M8 8a4 5 0 0 1 8 0M7 8h10M8.5 8l-1 10m8-10 1 10M6 18h12v3H6zM12 15.5a2 2 0 0 0 2-2c0-1.5-2-3-2-3s-2 1.5-2 3a2 2 0 0 0 2 2z"/>`,
  },
  {
    id: "flask",
    name: "Flask",
    description: "Hot tea in the morning, still hot at noon.",
    cents: 2_490,
    drawing: html`<path d="M9 3h6v4H9zM8 7h8l1 4v8a2 2 0 0 1-2 2H9a2 2 0 0 1-2-2v-8zM7 12h10M7 17h10"/>`,
  },
  {
    id: "compass",
    name: "Compass",
    description: "Needs no battery and no signal.",
    cents: 2_995,
    drawing: html`<circle cx="12" cy="13" r="8"/><path d="m15 10-2 4-4 2 2-4zM12 5V2M10 2h4"/>`,
  },
  {
    id: "map",
    name: "Map of the ridge",
    description: "Waterproof, scale 1 : 25 000.",
    cents: 1_190,
    drawing: html`<path d="m3 6 6-2 6 2 6-2v14l-6 2-6-2-6 2zM9 4v14M15 6v14"/>`,
  },
  {
    id: "notebook",
    name: "Notebook",
    description: "For what the photographs will not show.",
    cents: 850,
    drawing: html`<path d="M6 3h12v18H6zM9 3v18M4 7h4M4 12h4M4 17h4M12 8h3M12 12h3"/>`,
  },
]

export const findProduct = (id: string): Product | undefined => PRODUCTS.find(product => product.id === id)

const EUROS = new Intl.NumberFormat("en", { style: "currency", currency: "EUR" })

export const price = (cents: number): string => EUROS.format(cents / 100)
