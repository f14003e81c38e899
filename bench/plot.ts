import type { Spread } from "./measure.ts"

/** One chart: a line for each series, with the quartiles as whiskers. The y axis begins at 0. */
export interface Chart {
  readonly title: string
  readonly xAxis: string
  readonly yAxis: string
  readonly series: readonly Series[]
}

export interface Series {
  readonly name: string
  readonly points: readonly { readonly x: number; readonly y: Spread }[]
}

const WIDTH = 320
const HEIGHT = 300
const LEGEND = 34
/** Around the lines, for what is written there. */
const MARGIN = { left: 76, right: 16, top: 34, bottom: 46 }
/** About so many lines of the grid. */
const TICKS = 5

/** Each series has a colour and a shape of its own, and both themes of a page leave them readable. */
const STYLE = `
  svg { font: 12px system-ui, sans-serif; }
  text { fill: #1f2328; } .title { font-weight: 600; font-size: 13px; }
  .grid { stroke: #1f2328; stroke-opacity: 0.15; } .axis { stroke: #1f2328; stroke-opacity: 0.6; }
  .series { fill: none; stroke-width: 2; } .mark { stroke: none; }
  .s0 { stroke: #0969da; } .m0 { fill: #0969da; } .s1 { stroke: #bc4c00; stroke-dasharray: 6 3; } .m1 { fill: #bc4c00; }
  .whisker { stroke-dasharray: none; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .grid, .axis { stroke: #e6edf3; }
    .s0 { stroke: #58a6ff; } .m0 { fill: #58a6ff; } .s1 { stroke: #f0883e; } .m1 { fill: #f0883e; }
  }`

/** The charts beside each other, as one SVG with a legend above them. They all have the same series. */
export function plotOf(charts: readonly Chart[]): string {
  const [width, height] = [WIDTH * charts.length, HEIGHT + LEGEND]
  const drawn = charts.map(
    (chart, index) => `<g transform="translate(${index * WIDTH} ${LEGEND})">${draw(chart)}</g>`,
  )
  const about = charts.map(({ title, yAxis, xAxis }) => `${title}: ${yAxis}, by ${xAxis}`).join("; ")
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${about}">
<style>${STYLE}
</style>
${legendOf(charts[0]?.series ?? [])}
${drawn.join("\n")}
</svg>
`
}

const legendOf = (series: readonly Series[]): string =>
  series
    .map(({ name }, index) => {
      const x = MARGIN.left + index * 130
      const line = `<line class="series s${index}" x1="${x}" y1="18" x2="${x + 32}" y2="18"/>`
      return `${line}${markOf(index, x + 16, 18)}<text x="${x + 40}" y="22">${name}</text>`
    })
    .join("")

function draw({ title, xAxis, yAxis, series }: Chart): string {
  const points = series.flatMap(each => each.points)
  const most = Math.max(...points.map(({ y }) => y.high))
  const step = niceStep(most / TICKS)
  const ticks = Array.from({ length: Math.ceil(most / step) + 1 }, (_, tick) => tick * step)
  const top = ticks.at(-1) ?? most
  const xs = [...new Set(points.map(({ x }) => x))]
  const [first, last] = [Math.min(...xs), Math.max(...xs)]
  const { left, right, bottom } = MARGIN
  const foot = HEIGHT - bottom
  const place: Place = {
    x: value => rounded(left + ((value - first) / (last - first)) * (WIDTH - left - right)),
    y: value => rounded(foot - (value / top) * (foot - MARGIN.top)),
  }
  const middle = (left + WIDTH - right) / 2
  return [
    `<text class="title" x="${middle}" y="16" text-anchor="middle">${title}</text>`,
    ...ticks.map(tick => gridLine(tick, place)),
    `<line class="axis" x1="${left}" y1="${foot}" x2="${WIDTH - right}" y2="${foot}"/>`,
    ...xs.map(x => `<text x="${place.x(x)}" y="${foot + 18}" text-anchor="middle">${x}</text>`),
    `<text x="${middle}" y="${foot + 36}" text-anchor="middle">${xAxis}</text>`,
    `<text transform="translate(12 ${(MARGIN.top + foot) / 2}) rotate(-90)" text-anchor="middle">${yAxis}</text>`,
    ...series.map((each, index) => lineOf(each, index, place)),
  ].join("\n")
}

/** A tenth of a pixel is enough. */
const rounded = (value: number): number => Math.round(value * 10) / 10

/** Where a value stands. */
interface Place {
  x(value: number): number
  y(value: number): number
}

const gridLine = (value: number, { y }: Place): string =>
  `<line class="grid" x1="${MARGIN.left}" y1="${y(value)}" x2="${WIDTH - MARGIN.right}" y2="${y(value)}"/>` +
  `<text x="${MARGIN.left - 6}" y="${rounded(y(value) + 4)}" text-anchor="end">${value.toLocaleString("en-US")}</text>`

function lineOf({ points }: Series, index: number, place: Place): string {
  const path = points.map(({ x, y }) => `${place.x(x)},${place.y(y.median)}`).join(" ")
  const marks = points.map(({ x, y }) => {
    const at = place.x(x)
    const whisker = `<line class="series whisker s${index}" x1="${at}" y1="${place.y(y.low)}" x2="${at}" y2="${place.y(y.high)}"/>`
    return whisker + markOf(index, at, place.y(y.median))
  })
  return `<polyline class="series s${index}" points="${path}"/>${marks.join("")}`
}

/** A circle for the first series, squares for the others. */
const markOf = (index: number, x: number, y: number): string =>
  index === 0
    ? `<circle class="mark m${index}" cx="${x}" cy="${y}" r="4"/>`
    : `<rect class="mark m${index}" x="${x - 4}" y="${y - 4}" width="8" height="8"/>`

/** At least so much, and 1, 2, 2.5 or 5 times a power of ten. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  const factor = [1, 2, 2.5, 5, 10].find(each => each * power >= least) ?? 10
  return factor * power
}
