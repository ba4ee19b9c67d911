// Form fields with a label, a hint, a count of bytes and a check at each key.

import { fill, h, newId, set } from "../lib/dom.js";
import { bytesOf, num } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { words } from "./toast.js";

/**
 * Return a field. `limits` are those of the server in the words of JSON Schema (x-max-bytes: bytes of UTF-8), `check`
 * returns what is wrong with a text or "". Kinds: text, area, number, choice (with `options`: [[value, label]]), flag.
 * The field has `node`, `value()`, `put(value)`, `fault(text)`, `valid()`, and tells `onchange` of each change.
 */
export function field({
  label, kind = "text", name = label, hint = "", value = "", limits = {}, options = [], required = false, check = () => "", onchange = () => {},
  placeholder = "", autocomplete = "off", mono = false,
}) {
  const id = newId("field"), hintId = `${id}-hint`, faultId = `${id}-fault`;
  const most = limits["x-max-bytes"];
  const common = { id, name, required, "aria-describedby": `${hintId} ${faultId}`, autocomplete, placeholder: placeholder || null, spellcheck: "false", class: mono ? "mono" : null };
  const input =
    kind === "area" ? h("textarea", { ...common, rows: 3 })
    : kind === "choice" ? h("select", { ...common, placeholder: null }, options.map(([v, text]) => h("option", { value: v }, text)))
    : kind === "flag" ? h("input", { ...common, type: "checkbox" })
    : h("input", { ...common, type: kind === "password" ? "password" : "text", inputmode: kind === "number" ? "numeric" : null });
  const count = h("span", { class: "count", "aria-hidden": "true" });
  const wrong = h("span", { class: "fault", id: faultId, role: "alert" });
  const hintNode = h("span", { class: "hint", id: hintId }, hint);
  const labelNode = h("label", { for: id }, label, required && h("span", { class: "required", title: t("field.required") }, " *"));
  const node = h("div", { class: `field ${kind}` },
    kind === "flag" ? h("div", { class: "flag-line" }, input, labelNode) : h("div", { class: "label-line" }, labelNode, count), kind === "flag" ? null : input, hintNode, wrong);
  const read = () => (kind === "flag" ? input.checked : input.value);
  let outside = "", touched = false, said;

  function own() {
    const found = read();
    if (kind === "flag") return check(found);
    if (found === "") return required ? t("field.required") : check(found);
    return (kind === "number" ? wrongNumber(found, limits) : wrongText(found, limits, kind === "area")) || check(found);
  }
  function show() {
    const text = (touched ? own() : "") || outside;
    if (wrong.textContent !== text) fill(wrong, text);
    set(input, "aria-invalid", text ? "true" : null);
    if (most !== undefined && kind !== "flag") {
      const used = bytesOf(read());
      fill(count, t("field.bytes", { used: num(used), most: num(most) }));
      count.classList.toggle("over", used > most);
    }
  }
  function changed() {
    touched = true;
    outside = "";
    said = read();
    show();
    onchange(said);
  }
  input.addEventListener("input", changed);
  input.addEventListener("change", () => read() !== said && changed());
  function put(wanted) {
    if (kind === "flag") input.checked = Boolean(wanted);
    else input.value = wanted ?? "";
    show();
  }
  put(kind === "choice" && !options.some(([v]) => v === value) ? options[0]?.[0] : value);
  return {
    node, input, value: read, put,
    fault: (text) => {
      outside = text;
      show();
    },
    valid: () => {
      touched = true;
      show();
      return own() === "";
    },
    hint: (text) => fill(hintNode, text),
    options: (wanted, chosen = read()) => {
      fill(input, wanted.map(([v, text]) => h("option", { value: v }, text)));
      put(wanted.some(([v]) => v === chosen) ? chosen : (wanted[0]?.[0] ?? ""));
    },
    able: (able, why = "") => {
      input.disabled = !able;
      set(node, "title", why || null);
    },
  };
}

/** Return what is wrong with a text under the server's limits, "" where nothing is. */
export function wrongText(text, limits, lines = false) {
  const used = bytesOf(text), most = limits["x-max-bytes"] ?? limits.maxLength;
  if (most !== undefined && used > most) return t("field.long", { used: num(used), most: num(most) });
  if (limits.minLength !== undefined && used < limits.minLength) return t("field.short", { least: num(limits.minLength) });
  if ((lines ? /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/ : /[\u0000-\u001f\u007f]/).test(text)) return t("field.control");
  if (limits.pattern && !new RegExp(limits.pattern, "u").test(text)) return t("field.pattern");
  if (limits.enum && !limits.enum.includes(text)) return t("field.choice", { choices: limits.enum.join(", ") });
  return "";
}

/** Return what is wrong with a number under the server's limits. */
export function wrongNumber(text, limits) {
  if (!/^-?\d{1,20}$/.test(text)) return t("field.number");
  const value = BigInt(text);
  const { minimum, maximum } = limits;
  if ((minimum !== undefined && value < BigInt(minimum)) || (maximum !== undefined && value > BigInt(maximum))) {
    return t("field.range", { low: num(minimum ?? 0), high: num(maximum) });
  }
  return "";
}

/**
 * Have a form run `act` when it is sent: where fields are wrong they say so, and the first is gone to. The button `go` is
 * off meanwhile, and `fault` shows why `act` refused.
 */
export function submits(form, fields, go, fault, act) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = fields.filter((one) => !one.valid());
    if (wrong.length) {
      wrong[0].input.focus();
      return;
    }
    go.disabled = true;
    fill(fault);
    try {
      await act();
    } catch (refusal) {
      fill(fault, words(refusal));
    } finally {
      go.disabled = false;
    }
  });
}
