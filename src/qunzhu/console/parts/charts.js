// Small charts as SVG: each says in words what it shows.

import { h } from "../lib/dom.js";
import { num } from "../lib/format.js";
import { t } from "../lib/i18n.js";

const WIDTH = 160, HEIGHT = 36;

/** Return a line of numbers, oldest first; `label` says what they are. */
export function sparkline(values, label) {
  if (values.length === 1) values = [values[0], values[0]];
  const known = values.filter((value) => Number.isFinite(value));
  const top = Math.max(1, ...known);
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map((value, at) => [at * step, HEIGHT - 2 - (Math.max(0, value) / top) * (HEIGHT - 4)]);
  const line = points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const last = known.at(-1) ?? 0;
  const said = t("chart.line", { label, last: num(last), top: num(Math.max(0, ...known)) });
  return h("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": said, preserveAspectRatio: "none" },
    h("title", null, said),
    points.length > 1 && h("polygon", { class: "area", points: `0,${HEIGHT} ${line} ${WIDTH},${HEIGHT}` }),
    points.length > 1 && h("polyline", { class: "line", points: line, "vector-effect": "non-scaling-stroke" }));
}

/** Return columns, one for each [name, value]. */
export function columns(items, label) {
  const top = Math.max(1, ...items.map(([, value]) => value));
  const each = 100 / Math.max(1, items.length);
  return h("svg", { class: "columns", viewBox: "0 0 100 40", role: "img", "aria-label": label, preserveAspectRatio: "none" },
    items.map(([name, value], at) => {
      const high = Math.max(value ? 0.6 : 0, (value / top) * 39);
      return h("rect", { x: (at * each + each * 0.12).toFixed(2), y: (40 - high).toFixed(2), width: (each * 0.76).toFixed(2), height: high.toFixed(2) },
        h("title", null, `${name}: ${num(value)}`));
    }));
}

/** Return a bar that says how much of a cap is used; without a cap only the number. */
export function quotaBar(label, used, cap) {
  const known = typeof cap === "number";
  const share = known && cap > 0 ? Math.min(1, Math.max(0, used / cap)) : known && used > 0 ? 1 : 0;
  const level = share >= 1 ? "full" : share >= 0.7 ? "high" : "";
  const said = known ? t("quota.of", { used: num(used), cap: num(cap) }) : t("quota.free", { used: num(used) });
  return h("div", { class: `quota ${level}` },
    h("div", { class: "quota-words" }, h("span", null, label), h("span", { class: "number" }, said)),
    known && h("div", { role: "meter", "aria-label": label, "aria-valuenow": used, "aria-valuemin": 0, "aria-valuemax": cap, "aria-valuetext": said },
      h("svg", { class: "bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
        h("rect", { class: "track", width: 100, height: 6 }), h("rect", { class: "used", width: (share * 100).toFixed(2), height: 6 }))));
}
