// All accounts of the app, by the begin of their ids, page by page. With an id in the address: one account.

import { call, data } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { num, when } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { go, link, note } from "../lib/router.js";
import { ask } from "../parts/dialog.js";
import { field } from "../parts/form.js";
import { pagedTable } from "../parts/table.js";
import { tell, toast } from "../parts/toast.js";
import { showUser } from "./user.js";

const PAGE = 50;
export const ACCOUNTS = "im_open_login_svc";

export async function show(main, context) {
  if (context.parts.length) {
    await showUser(main, context);
    return;
  }
  const { query, signal } = context;
  let looked = query.get("q") ?? "", timer = 0;
  signal.addEventListener("abort", () => clearTimeout(timer));
  const text = field({
    label: t("users.text"), name: "q", value: looked, hint: t("users.text.hint"), limits: { maxLength: 32 },
    onchange: (value) => {
      looked = value.trim();
      note({ q: looked });
      clearTimeout(timer);
      timer = setTimeout(() => found.restart(), 300);
    },
  });
  const found = pagedTable({
    caption: t("users.title"), empty: t("users.none"), signal, load: (place) => page(looked, place, signal),
    columns: [
      { title: "UserID", wide: true, cell: (one) => [h("a", { href: link("users", [one.user_id]), class: "mono" }, one.user_id), one.admin && [" ", h("span", { class: "badge accent" }, t("role.AppAdmin"))]] },
      { title: t("users.nick"), wide: true, cell: (one) => one.nick || "–" },
      { title: t("users.state"), cell: (one) => state(one.state) },
      { title: t("users.created"), cell: (one) => when(one.created_at) },
      { title: t("users.revoked"), cell: (one) => when(one.revoked_before) },
    ],
  });
  fill(main,
    h("div", { class: "head" }, h("h1", null, t("users.title")), h("button", { type: "button", class: "primary", onclick: () => importOne(found) }, t("users.import"))),
    h("section", { class: "card" },
      h("form", { class: "filters", role: "search", onsubmit: (event) => {
        event.preventDefault();
        if (looked) go("users", [looked]);
      } }, text.node, h("button", { type: "submit" }, t("users.open"))),
      found.node));
  await found.restart();
}

/** A badge that says whether a user is online. */
export function state(name) {
  return h("span", { class: name === "Online" ? "badge good" : "badge" }, t(name === "Online" ? "users.online" : "users.offline"));
}

/** Read one page, and who of it is online. */
async function page(q, next, signal) {
  const { accounts, next: after, total } = await data("users", { q, next, limit: PAGE }, { signal });
  const ids = accounts.map(({ user_id }) => user_id);
  const online = ids.length ? await call("openim/query_online_status", { To_Account: ids }, { signal }).catch((fault) => {
    if (!signal.aborted) tell(fault);
    return { QueryResult: [] };
  }) : { QueryResult: [] };
  const states = new Map(online.QueryResult.map(({ To_Account, Status }) => [To_Account, Status]));
  return { rows: accounts.map((one) => ({ ...one, state: states.get(one.user_id) })), next: after, note: t("users.total", { total: num(total) }) };
}

/** The fields of an account's profile, as account_import takes them. */
export function profileFields({ nick = "", face_url = "" } = {}) {
  return {
    Nick: { label: t("users.nick"), value: nick, limits: { "x-max-bytes": 500 } },
    FaceUrl: { label: t("users.face"), value: face_url, limits: { "x-max-bytes": 500 } },
  };
}

async function importOne(found) {
  let id = "";
  const done = await ask({
    title: t("users.import"), text: t("users.import.text"), yes: t("users.import"),
    fields: { UserID: { label: "UserID", required: true, mono: true, limits: { maxLength: 32, pattern: "^[ -~]+$" } }, ...profileFields() },
    act: ({ UserID, Nick, FaceUrl }) => {
      id = UserID;
      return call(`${ACCOUNTS}/account_import`, { UserID, ...(Nick ? { Nick } : {}), ...(FaceUrl ? { FaceUrl } : {}) });
    },
  });
  if (!done) return;
  toast(t("users.imported", { user: id }), "good");
  await found.restart();
}
