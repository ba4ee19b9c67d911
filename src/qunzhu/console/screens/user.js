// One account: profile, platforms, mutes, groups and conversations, and what an administrator may do to it.

import { act, call, data } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { num, span, when } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { go, link } from "../lib/router.js";
import { codeBlock } from "../parts/copy.js";
import { ask } from "../parts/dialog.js";
import { facts, pagedTable } from "../parts/table.js";
import { tabs } from "../parts/tabs.js";
import { toast } from "../parts/toast.js";
import { ACCOUNTS, profileFields, state } from "./users.js";

const PAGE = 50, FOREVER = 4294967295;
const MUTES = [0, 60, 600, 3600, 86400, 604800, FOREVER], LIVES = [600, 3600, 86400, 604800, 2592000, 15552000];

export async function showUser(main, context) {
  const { parts: [id], query, signal, session } = context;
  const reload = () => showUser(main, { ...context, query: new URLSearchParams(location.hash.split("?")[1] ?? "") });
  const person = await data("user", { user: id }, { signal });
  if (signal.aborted) return;
  const { account } = person;
  const back = h("p", null, h("a", { href: link("users") }, t("users.title")));
  if (!account) {
    fill(main, back, h("h1", { class: "mono" }, id), h("section", { class: "card" },
      h("p", null, person.deleted_at ? t("user.deleted", { when: when(person.deleted_at) }) : t("user.unknown")),
      h("button", { type: "button", class: "primary", onclick: () => edit(id, {}, reload) }, t("users.import"))));
    return;
  }
  const { QueryResult: [status] } = await call("openim/query_online_status", { To_Account: [id], IsNeedDetail: 1 }, { signal });
  if (signal.aborted) return;
  const platforms = (status?.Detail ?? []).map(({ Platform }) => Platform);
  fill(main, back,
    h("div", { class: "head" },
      h("div", null, h("h1", null, account.nick || id), h("div", { class: "sub" }, h("span", { class: "mono" }, id), " ", state(status?.Status), " ",
        account.admin && h("span", { class: "badge accent" }, t("role.AppAdmin")))),
      h("div", { class: "row" }, actions(person, session, reload))),
    tabs([
      { id: "info", title: t("user.info"), show: (panel) => info(panel, person, platforms) },
      { id: "groups", title: t("user.groups"), show: (panel, inside) => groups(panel, id, inside) },
      { id: "conversations", title: t("user.conversations"), show: (panel, inside) => conversations(panel, id, inside) },
    ], { label: t("user.tabs"), chosen: query.get("tab"), signal }).node);
}

function button(label, onclick, kind = "small") {
  return h("button", { type: "button", class: kind, onclick }, label);
}

function actions({ account, ...person }, session, reload) {
  const id = account.user_id;
  const barred = account.admin ? t("user.sig.admin") : "";
  const sig = button(t("user.sig"), () => (barred ? toast(barred) : makeSig(id)));
  if (barred) {
    sig.setAttribute("aria-disabled", "true");
    sig.title = barred;
  }
  return [
    sig,
    button(t("user.edit"), () => edit(id, account, reload)),
    button(t("user.mute"), () => mute(id, person, session, reload)),
    button(t("user.kick"), () => kick(id, reload)),
    button(t("delete"), () => remove(id), "small danger"),
  ];
}

async function edit(id, account, reload) {
  const done = await ask({
    title: account.user_id ? t("user.edit") : t("users.import"), yes: t("save"), fields: profileFields(account),
    act: ({ Nick, FaceUrl }) => call(`${ACCOUNTS}/account_import`, { UserID: id, Nick, FaceUrl }),
  });
  if (!done) return;
  toast(t("user.done"), "good");
  await reload();
}

/** Make a UserSig; it is shown this once and kept nowhere. */
async function makeSig(id) {
  let made = null;
  await ask({
    title: t("user.sig"), text: t("user.sig.text", { user: id }), yes: t("user.sig.make"),
    fields: { expire: { label: t("user.sig.life"), kind: "choice", value: "86400", options: LIVES.map((seconds) => [String(seconds), span(seconds)]) } },
    act: async ({ expire }) => {
      made = await act("usersig", { user: id, expire: Number(expire) });
    },
  });
  if (!made) return;
  const code = codeBlock("UserSig");
  code.show(made.usersig);
  await ask({ title: t("user.sig"), text: t("user.sig.once", { user: id, when: when(made.expires_at) }), more: code.node, yes: t("close"), plain: true, act: () => {} });
}

async function mute(id, person, session, reload) {
  const choice = (label, until) => ({
    label: `${label}${muted(until) ? ` (${muted(until)})` : ""}`, kind: "choice", value: "",
    options: [["", t("user.mute.keep")], ...MUTES.map((seconds) => [String(seconds), seconds === 0 ? t("user.mute.end") : seconds === FOREVER ? t("user.forever") : span(seconds)])],
  });
  const done = await ask({
    title: t("user.mute"), text: t("user.mute.text", { user: id }), yes: t("save"),
    fields: { c2c: choice(t("user.mute.c2c"), person.c2c_muted_until), group: choice(t("user.mute.group"), person.group_muted_until) },
    act: ({ c2c, group }) => {
      const given = { C2CmsgNospeakingTime: c2c, GroupmsgNospeakingTime: group };
      const changed = Object.entries(given).filter(([, value]) => value !== "").map(([name, value]) => [name, Number(value)]);
      if (!changed.length) throw new Error(t("user.mute.nothing"));
      return call("openconfigsvr/setnospeaking", { Set_Account: id, ...Object.fromEntries(changed) });
    },
  });
  if (!done) return;
  toast(t("user.done"), "good");
  await reload();
}

/** Return until when a mute holds, "" where none does. */
function muted(until) {
  if (until >= FOREVER) return t("user.forever");
  return until * 1000 > Date.now() ? t("user.until", { when: when(until) }) : "";
}

async function kick(id, reload) {
  const done = await ask({
    title: t("user.kick"), text: t("user.kick.text", { user: id }), yes: t("user.kick"), danger: true,
    act: () => call(`${ACCOUNTS}/kick`, { UserID: id }),
  });
  if (!done) return;
  toast(t("user.kicked", { user: id }), "good");
  await reload();
}

async function remove(id) {
  const done = await ask({
    title: t("user.delete"), text: t("user.delete.text", { user: id }), yes: t("delete"), danger: true,
    fields: { again: { label: t("user.delete.again", { id }), required: true, mono: true, check: (text) => (text === id ? "" : t("user.delete.other")) } },
    act: async () => {
      const { ResultItem: [result] } = await call(`${ACCOUNTS}/account_delete`, { DeleteItem: [{ UserID: id }] });
      if (result.ResultCode) throw new Error(`${result.ResultCode}: ${result.ResultInfo}`);
    },
  });
  if (!done) return;
  toast(t("user.gone", { user: id }), "good");
  go("users");
}

function info(panel, { account, ...person }, platforms) {
  fill(panel, h("section", { class: "card" }, facts([
    ["UserID", h("span", { class: "mono" }, account.user_id)], [t("users.nick"), account.nick], [t("users.face"), account.face_url],
    [t("users.created"), when(account.created_at)], [t("users.revoked"), when(account.revoked_before)],
    [t("user.platforms"), platforms.join(", ") || t("users.offline")],
    [t("user.mute.c2c"), muted(person.c2c_muted_until) || t("no")], [t("user.mute.group"), muted(person.group_muted_until) || t("no")],
    [t("user.groups"), num(person.groups)],
  ])));
}

async function groups(panel, id, signal) {
  const shown = pagedTable({
    caption: t("user.groups"), empty: t("user.nogroups"), signal,
    columns: [
      { title: t("field.Name"), wide: true, cell: (one) => [h("a", { href: link("groups", [one.GroupId]) }, one.Name || one.GroupId), h("div", { class: "note mono" }, one.GroupId)] },
      { title: t("field.Type"), cell: (one) => t(`kind.${one.Type}`) },
      { title: t("user.role"), cell: (one) => t(`role.${one.SelfInfo.Role}`) },
      { title: t("user.joined"), cell: (one) => when(one.SelfInfo.JoinTime) },
      { title: t("user.option"), cell: (one) => one.SelfInfo.MsgFlag },
    ],
    load: async (place = 0) => {
      const answer = await call("group_open_http_svc/get_joined_group_list", {
        Member_Account: id, WithHugeGroups: 1, WithNoActiveGroups: 1, Limit: PAGE, Offset: place,
        ResponseFilter: { GroupBaseInfoFilter: ["Type", "Name"], SelfInfoFilter: ["Role", "JoinTime", "MsgFlag"] },
      }, { signal });
      return { rows: answer.GroupIdList, next: place + PAGE < answer.TotalCount ? place + PAGE : undefined, note: t("user.total", { total: num(answer.TotalCount) }) };
    },
  });
  fill(panel, h("section", { class: "card" }, h("p", { class: "note" }, t("user.groups.note")), shown.node));
  await shown.restart();
}

async function conversations(panel, id, signal) {
  const shown = pagedTable({
    caption: t("user.conversations"), empty: t("user.noconversations"), signal,
    columns: [
      { title: t("user.with"), wide: true, cell: (one) => (one.Type === 1
        ? h("a", { href: link("users", [one.To_Account]), class: "mono" }, one.To_Account) : h("a", { href: link("groups", [one.GroupId]), class: "mono" }, one.GroupId)) },
      { title: t("user.sort"), cell: (one) => t(one.Type === 1 ? "kind.C2C" : "user.group") },
      { title: t("user.last"), cell: (one) => when(one.MsgTime) },
      { title: t("user.pinned"), cell: (one) => (one.TopFlag ? t("yes") : t("no")) },
    ],
    load: async (place = { TimeStamp: 0, StartIndex: 0, TopTimeStamp: 0, TopStartIndex: 0 }) => {
      const answer = await call("recentcontact/get_list", { From_Account: id, AssistFlags: 15, ...place }, { signal });
      const { TimeStamp, StartIndex, TopTimeStamp, TopStartIndex } = answer;
      return { rows: answer.SessionItem, next: answer.CompleteFlag ? undefined : { TimeStamp, StartIndex, TopTimeStamp, TopStartIndex } };
    },
  });
  fill(panel, h("section", { class: "card" }, shown.node));
  await shown.restart();
}
