// Tables, and lists that are read page by page. On a narrow screen each row becomes a card.

import { add, fill, h, set } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { tell } from "./toast.js";

/**
 * Return a table. A column is {title, cell(row) -> text or node, number: true for figures, wide: true to take what room
 * there is}. `caption` is read out; `empty` stands where there is no row. `update(rows)` shows others.
 */
export function table({ columns, rows = [], caption, empty = t("table.empty") }) {
  const body = h("tbody");
  const head = h("tr", null, columns.map((column) => h("th", { scope: "col", class: classOf(column) }, column.title)));
  const node = h("div", { class: "table", role: "group", "aria-label": caption },
    h("table", null, h("caption", { class: "offscreen" }, caption), h("thead", null, head), body));
  function update(found) {
    fill(body, found.map((row) => h("tr", null, columns.map((column) =>
      h("td", { class: classOf(column), "data-label": column.title }, column.cell(row))))));
    if (!found.length) add(body, h("tr", null, h("td", { class: "empty", colspan: columns.length }, empty)));
  }
  // A table that is wider than its place is moved by keyboard too.
  new ResizeObserver(() => set(node, "tabindex", node.scrollWidth > node.clientWidth ? "0" : null)).observe(node);
  update(rows);
  return { node, update };
}

function classOf(column) {
  return [column.number && "number", column.wide && "wide", column.actions && "actions"].filter(Boolean).join(" ") || null;
}

/**
 * Return a table that is read page by page. `load(place, sofar)` returns {rows, next, note}: `place` is undefined first,
 * then the `next` of the page before; without a `next` it was the last page. Rows given to `sofar` meanwhile are shown.
 * `reload()` reads the page shown once more, `restart()` begins with the first.
 */
export function pagedTable({ columns, caption, empty, load, signal }) {
  const shown = table({ columns, caption, empty });
  const status = h("span", { class: "page-note", role: "status" });
  const back = h("button", { type: "button", class: "small", onclick: () => turn(-1) }, t("table.back"));
  const forth = h("button", { type: "button", class: "small", onclick: () => turn(1) }, t("table.forth"));
  const node = h("div", { class: "paged" }, shown.node, h("nav", { class: "pages", "aria-label": t("table.pages", { caption }) }, back, status, forth));
  let places = [undefined], at = 0, running = 0;
  async function read() {
    const mine = (running += 1);
    shown.node.setAttribute("aria-busy", "true");
    try {
      const { rows, next, note } = await load(places[at], (some) => {
        if (mine === running && !signal.aborted) shown.update(some);
      });
      if (mine !== running || signal.aborted) return;
      places = places.slice(0, at + 1);
      if (next) places.push(next);
      shown.update(rows);
      fill(status, note ?? t("table.page", { page: at + 1 }));
      back.disabled = at === 0;
      forth.disabled = !next;
    } catch (fault) {
      if (mine === running && !signal.aborted) tell(fault);
    } finally {
      if (mine === running) shown.node.removeAttribute("aria-busy");
    }
  }
  function turn(step) {
    at = Math.max(0, Math.min(places.length - 1, at + step));
    return read();
  }
  function restart() {
    places = [undefined];
    at = 0;
    return read();
  }
  return { node, reload: read, restart };
}

/** Return names and values below one another. */
export function facts(pairs) {
  return h("dl", { class: "facts" }, pairs.filter(Boolean).map(([name, value]) =>
    h("div", null, h("dt", null, name), h("dd", null, value === "" || value === null || value === undefined ? "–" : value))));
}
