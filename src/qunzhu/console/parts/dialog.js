// Questions above the page. The browser keeps the focus inside and gives it back.

import { h, newId } from "../lib/dom.js";
import { t } from "../lib/i18n.js";
import { field, submits } from "./form.js";

/**
 * Ask something and do it. `fields` are those of form.js by name; `act(values)` is awaited and may refuse: its words are
 * shown and the dialog stays. A `plain` one only tells something. Resolves to true once it is done, false where it was called off.
 */
export function ask({ title, text = "", fields = {}, act, yes = t("ok"), danger = false, more = null, plain = false }) {
  const titleId = newId("dialog");
  const made = Object.fromEntries(Object.entries(fields).map(([name, given]) => [name, field({ name, ...given })]));
  const fault = h("p", { class: "fault", role: "alert" });
  const go = h("button", { type: "submit", class: danger ? "danger" : "primary" }, yes);
  const stop = h("button", { type: "button", onclick: () => dialog.close() }, t("cancel"));
  const form = h("form", { method: "dialog", novalidate: true },
    h("h2", { id: titleId }, title), text && h("p", null, text), Object.values(made).map((one) => one.node), more, fault,
    h("div", { class: "buttons" }, !plain && stop, go));
  const dialog = h("dialog", { "aria-labelledby": titleId }, form);
  let done = false;
  submits(form, Object.values(made), go, fault, async () => {
    await act(Object.fromEntries(Object.entries(made).map(([name, one]) => [name, one.value()])));
    done = true;
    dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(done);
    }, { once: true });
  });
}
