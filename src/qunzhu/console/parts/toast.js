// Short messages at the edge of the page, read out by screen readers.

import { h } from "../lib/dom.js";
import { has, t } from "../lib/i18n.js";
import { Refusal } from "../lib/api.js";

const place = h("div", { class: "toasts", "aria-live": "polite", role: "status" });

/** Return the element in which messages appear; the shell puts it on the page once. */
export function toasts() {
  return place;
}

/** Say something for a while: kind is "good", "bad" or "". Bad news stays until it is closed. */
export function toast(text, kind = "") {
  const close = h("button", { class: "quiet", type: "button", "aria-label": t("close"), onclick: () => item.remove() }, "×");
  const item = h("div", { class: `toast ${kind}` }, h("span", null, text), close);
  place.append(item);
  while (place.children.length > 3) place.firstElementChild.remove();
  if (kind !== "bad") setTimeout(() => item.remove(), 4000);
}

/** Take away what was said on another screen, but for good news. */
export function clearToasts() {
  for (const item of place.querySelectorAll(".toast:not(.good)")) item.remove();
}

/** Return what a fault says, for people. */
export function words(fault) {
  if (!(fault instanceof Refusal)) return String(fault?.message ?? fault);
  if (fault.status === 0) return t("fault.network");
  const known = `code.${fault.code}`;
  return has(known) ? t("fault.known", { code: fault.code, meaning: t(known), info: fault.info }) : t("fault.code", { code: fault.code, info: fault.info });
}

/** Say what went wrong. */
export function tell(fault) {
  if (fault?.name === "AbortError") return;
  toast(words(fault), "bad");
}
