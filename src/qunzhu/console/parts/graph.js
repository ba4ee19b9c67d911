// Charts over days: lines and columns with their scale, and the same numbers as a table.

import { h } from "../lib/dom.js";
import { num } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { table } from "./table.js";

const WIDTH = 600, HEIGHT = 160;

/** Return the least round number that is not below a value: 1, 2 or 5 times a power of ten. */
export function roundUp(value) {
  if (value <= 4) return Math.max(1, Math.ceil(value));
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= value);
}

/**
 * Return a chart. `days` are the names of its places; a series is {name, values, columns: true for columns}, all of one
 * unit. Where nobody sees the picture, the table below it has the same numbers.
 */
export function graph({ label, days, series }) {
  const top = roundUp(Math.max(0, ...series.flatMap(({ values }) => values)));
  const step = WIDTH / Math.max(1, days.length);
  const high = (value) => HEIGHT - (Math.max(0, value) / top) * (HEIGHT - 4);
  const center = (at) => (at + 0.5) * step;
  const told = series.map(({ name, values }) => t("graph.series", { name, top: num(Math.max(0, ...values)), last: num(values.at(-1) ?? 0) })).join("; ");
  const bars = series.filter(({ columns }) => columns), each = (step * 0.7) / Math.max(1, bars.length);
  const shapes = series.map((one, number) => (one.columns
    ? one.values.map((value, at) => h("rect", {
      class: `series-${number}`, x: (at * step + step * 0.15 + bars.indexOf(one) * each).toFixed(2), width: each.toFixed(2),
      y: high(value).toFixed(2), height: (HEIGHT - high(value)).toFixed(2),
    }))
    : h("polyline", {
      class: `line series-${number}`, "vector-effect": "non-scaling-stroke",
      points: (one.values.length === 1 ? [[0, one.values[0]], [WIDTH, one.values[0]]].map(([x, value]) => `${x},${high(value).toFixed(1)}`)
        : one.values.map((value, at) => `${center(at).toFixed(1)},${high(value).toFixed(1)}`)).join(" "),
    })));
  const spots = days.map((day, at) => h("rect", { class: "spot", x: (at * step).toFixed(2), y: 0, width: step.toFixed(2), height: HEIGHT },
    h("title", null, `${day}: ${series.map(({ name, values }) => `${name} ${num(values[at])}`).join(", ")}`)));
  const lines = [0.5, 1].map((part) => h("line", { class: "grid-line", x1: 0, x2: WIDTH, y1: high(top * part), y2: high(top * part), "vector-effect": "non-scaling-stroke" }));
  return h("figure", { class: "graph" },
    h("figcaption", null, h("h2", null, label), h("ul", { class: "legend" }, series.map(({ name, columns }, number) =>
      h("li", null, h("span", { class: `mark series-${number}${columns ? " column" : ""}`, "aria-hidden": "true" }), name)))),
    h("div", { class: "plot" },
      h("div", { class: "scale", "aria-hidden": "true" }, [top, top / 2, 0].map((value) => h("span", null, num(value)))),
      h("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `${label}. ${told}` }, lines, shapes, spots),
      h("div", { class: "places", "aria-hidden": "true" }, ends(days).map((day) => h("span", null, day)))),
    h("details", null, h("summary", null, t("graph.table")), table({
      caption: label, rows: days.map((day, at) => [day, at]).reverse(),
      columns: [
        { title: t("graph.day"), cell: ([day]) => day },
        ...series.map(({ name, values }) => ({ title: name, number: true, cell: ([, at]) => num(values[at]) })),
      ],
    }).node));
}

function ends(days) {
  if (days.length < 3) return days;
  return [days[0], days[Math.floor((days.length - 1) / 2)], days.at(-1)];
}
