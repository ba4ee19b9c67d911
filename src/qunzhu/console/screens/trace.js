// Why a call was refused or a message not sent, live and newest first.

import { data } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { num, when } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { poll } from "../lib/poll.js";
import { link, note } from "../lib/router.js";
import { field } from "../parts/form.js";
import { table } from "../parts/table.js";
import { words } from "../parts/toast.js";

const EVERY_MS = 1500, SHOWN = 300;
const HOW = ["refused", "dropped", "repeated", "vetoed"], BADGE = { refused: "bad", dropped: "warn", repeated: "accent", vetoed: "warn" };

const named = (user) => h("a", { href: link("users", [user]), class: "mono" }, user);

export async function show(main, { query, signal }) {
  const looked = Object.fromEntries(["how", "user", "target", "code"].map((name) => [name, query.get(name) ?? ""]));
  let rows = [], last = 0, running = 0, paused = false;
  const fault = h("p", { class: "fault", role: "alert" }), status = h("span", { class: "page-note", role: "status" });
  const fields = {
    how: field({ label: t("trace.how"), name: "how", kind: "choice", value: looked.how, options: [["", t("all")], ...HOW.map((id) => [id, t(`trace.how.${id}`)])], onchange: changed("how") }),
    user: field({ label: t("trace.user"), name: "user", value: looked.user, limits: { maxLength: 32 }, onchange: changed("user") }),
    target: field({ label: t("trace.target"), name: "target", value: looked.target, limits: { maxLength: 96 }, onchange: changed("target") }),
    code: field({ label: t("trace.code"), name: "code", kind: "number", value: looked.code, limits: { minimum: 1, maximum: 999999999 }, onchange: changed("code") }),
  };
  const shown = table({
    caption: t("nav.trace"), empty: t("trace.none"),
    columns: [
      { title: t("trace.when"), cell: (one) => when(one.at_ms / 1000) },
      { title: t("trace.how"), cell: (one) => h("span", { class: `badge ${BADGE[one.how] ?? ""}` }, t(`trace.how.${one.how}`)) },
      { title: t("trace.why"), wide: true, cell: (one) => [one.code ? h("b", { class: "mono" }, `${one.code} `) : null, one.text, one.how !== "refused" && h("div", { class: "note" }, t(`trace.about.${one.how}`))] },
      { title: t("trace.command"), cell: (one) => [h("span", { class: "mono" }, one.command), one.door && h("div", { class: "note" }, one.door)] },
      { title: t("trace.user"), cell: (one) => (one.user ? [named(one.user), one.sender && h("div", { class: "note" }, t("trace.as"), " ", named(one.sender))] : "–") },
      { title: t("trace.target"), cell: (one) => (one.target ? h("span", { class: "mono" }, one.target) : "–") },
    ],
  });
  const stop = h("button", { type: "button", "aria-pressed": "false", onclick: () => {
    paused = !paused;
    stop.setAttribute("aria-pressed", String(paused));
    stop.textContent = t(paused ? "trace.go" : "trace.pause");
  } }, t("trace.pause"));

  function changed(name) {
    return (value) => {
      looked[name] = name === "code" && !/^\d{0,9}$/.test(value) ? "" : value.trim();
      note(looked);
      rows = [];
      last = 0;
      read(true).catch((refusal) => !signal.aborted && fill(fault, words(refusal)));
    };
  }
  async function read(always = false) {
    if (paused && !always) return;
    const mine = (running += 1);
    const { trace } = await data("trace", { ...looked, after: last, limit: SHOWN }, { signal });
    if (mine !== running || signal.aborted) return;
    fill(fault);
    if (trace.length || always || !status.textContent) {
      rows = [...trace, ...rows].slice(0, SHOWN);
      last = rows[0]?.num ?? last;
      shown.update(rows);
      status.textContent = t("trace.shown", { number: num(rows.length) });
    }
  }
  fill(main, h("div", { class: "head" }, h("h1", null, t("nav.trace")), stop), h("p", { class: "note" }, t("trace.note")), fault,
    h("section", { class: "card" }, h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() }, Object.values(fields).map(({ node }) => node)),
      shown.node, h("div", { class: "pages" }, status)));
  poll(() => read(), EVERY_MS, signal, (refusal) => fill(fault, words(refusal)));
}
