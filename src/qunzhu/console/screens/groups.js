// All groups of the app: looked for by id or name, kind and owner, page by page. With an id in the address: one group.

import { data } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { num, when } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { link, note } from "../lib/router.js";
import { field } from "../parts/form.js";
import { pagedTable } from "../parts/table.js";
import { showGroup } from "./group.js";

export const KINDS = ["Private", "Public", "ChatRoom", "AVChatRoom", "Community"];
const PAGE = 50, PATIENCE_MS = 1500;

export async function show(main, context) {
  if (context.parts.length) {
    await showGroup(main, context);
    return;
  }
  const { query, signal } = context;
  const looked = { q: query.get("q") ?? "", kind: query.get("kind") ?? "", owner: query.get("owner") ?? "" };
  let timer = 0;
  function changed(name) {
    return (value) => {
      looked[name] = value.trim();
      note(looked);
      clearTimeout(timer);
      timer = setTimeout(() => found.restart(), 300);
    };
  }
  signal.addEventListener("abort", () => clearTimeout(timer));
  const text = field({ label: t("groups.text"), name: "q", value: looked.q, hint: t("groups.text.hint"), limits: { maxLength: 96 }, onchange: changed("q") });
  const kind = field({
    label: t("groups.kind"), name: "kind", kind: "choice", value: looked.kind, onchange: changed("kind"),
    options: [["", t("all")], ...KINDS.map((id) => [id, t(`kind.${id}`)])],
  });
  const owner = field({ label: t("groups.owner"), name: "owner", value: looked.owner, limits: { maxLength: 32 }, onchange: changed("owner") });
  const found = pagedTable({
    caption: t("groups.title"), empty: t("groups.none"), signal, load: (place, sofar) => search(looked, place, signal, sofar),
    columns: [
      { title: t("groups.name"), wide: true, cell: (one) => [h("a", { href: link("groups", [one.group_id]) }, one.name || one.group_id), h("div", { class: "note mono" }, one.group_id)] },
      { title: t("groups.kind"), cell: (one) => t(`kind.${one.kind}`) },
      { title: t("groups.owner"), cell: (one) => one.owner || "–" },
      { title: t("groups.members"), number: true, cell: (one) => num(one.members) },
      { title: t("groups.created"), cell: (one) => when(one.created_at) },
      { title: t("groups.last"), cell: (one) => when(one.last_msg_at) },
    ],
  });
  fill(main,
    h("div", { class: "head" }, h("h1", null, t("groups.title")), h("a", { class: "button", href: link("create") }, t("nav.create"))),
    h("section", { class: "card" },
      h("form", { class: "filters", role: "search", onsubmit: (event) => {
        event.preventDefault();
        found.restart();
      } }, text.node, kind.node, owner.node),
      found.node));
  await found.restart();
}

/** Read one page: the server looks at some thousand groups a call, so a rare word takes several calls. */
async function search(looked, place, signal, sofar) {
  const until = performance.now() + PATIENCE_MS, rows = [];
  let next = place ?? "", searched = 0, total = 0;
  do {
    const answer = await data("groups", { ...looked, limit: PAGE - rows.length, next }, { signal });
    rows.push(...answer.groups);
    ({ next, total } = answer);
    searched += answer.searched;
    if (rows.length) sofar(rows);
  } while (next && rows.length < PAGE && performance.now() < until);
  const told = looked.q || looked.owner ? t("groups.searched", { searched: num(searched), total: num(total) }) : t("groups.total", { total: num(total) });
  return { rows, next, note: told };
}
