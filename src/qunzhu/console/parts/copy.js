// A button that copies a text.

import { h } from "../lib/dom.js";
import { t } from "../lib/i18n.js";

/** Copy a text; where the browser has no clipboard for this page (plain http from elsewhere), by a selection. */
export async function copyText(text) {
  if (navigator.clipboard && window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = h("textarea", { class: "offscreen", "aria-hidden": "true", value: text });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Return a button that copies what `text()` returns at that moment. */
export function copyButton(text, label = t("copy")) {
  const button = h("button", { class: "small", type: "button" }, label);
  button.addEventListener("click", async () => {
    await copyText(text());
    button.textContent = t("copied");
    setTimeout(() => (button.textContent = label), 1500);
  });
  return button;
}

/** Return a block of code with a button that copies it, and a function that changes it. */
export function codeBlock(title) {
  const code = h("code");
  const pre = h("pre", { tabindex: "0", "aria-label": title }, code);
  const node = h("div", { class: "code" }, h("div", { class: "code-head" }, h("span", null, title), copyButton(() => code.textContent)), pre);
  return { node, show: (text) => (code.textContent = text) };
}
