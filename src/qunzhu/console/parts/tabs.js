// Tabs: arrows move between them, and the address says which one is open.

import { fill, h, newId } from "../lib/dom.js";
import { note } from "../lib/router.js";
import { tell } from "./toast.js";

/**
 * Return tabs. Each is {id, title, show(panel, signal)}: `show` fills the panel when the tab is opened, and the signal
 * says that another was opened, or that the screen was left.
 */
export function tabs(items, { label, chosen, signal, remember = true }) {
  const base = newId("tabs");
  const panel = h("div", { role: "tabpanel", id: `${base}-panel`, tabindex: "0", class: "panel" });
  const buttons = items.map((item) => h("button", {
    type: "button", role: "tab", id: `${base}-${item.id}`, "aria-controls": `${base}-panel`, onclick: () => open(item.id),
  }, item.title));
  const list = h("div", { role: "tablist", class: "tabs", "aria-label": label, onkeydown: move }, buttons);
  let inside = new AbortController();
  signal.addEventListener("abort", () => inside.abort());

  function open(id, focus = false) {
    const item = items.find((one) => one.id === id) ?? items[0];
    inside.abort();
    inside = new AbortController();
    buttons.forEach((button, at) => {
      const on = items[at] === item;
      button.setAttribute("aria-selected", String(on));
      button.tabIndex = on ? 0 : -1;
      if (on && focus) button.focus();
    });
    panel.setAttribute("aria-labelledby", `${base}-${item.id}`);
    fill(panel);
    if (remember) note({ tab: item === items[0] ? "" : item.id });
    Promise.resolve(item.show(panel, inside.signal)).catch((fault) => !inside.signal.aborted && tell(fault));
  }
  function move(event) {
    const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement), step = steps[event.key];
    const to = Number.isFinite(step) ? (at + step + items.length) % items.length : step < 0 ? 0 : items.length - 1;
    open(items[to].id, true);
  }
  open(chosen);
  return { node: h("div", null, list, panel), open };
}
