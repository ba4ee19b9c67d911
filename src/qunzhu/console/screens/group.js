// One group: its profile, members, applications, topics, attributes, counters and messages, and what may be done to it.

import { call, data, limitsOf } from "../lib/api.js";
import { fill, h, newId, set } from "../lib/dom.js";
import { num, when } from "../lib/format.js";
import { has, t } from "../lib/i18n.js";
import { go, link, note } from "../lib/router.js";
import { ask } from "../parts/dialog.js";
import { field } from "../parts/form.js";
import { facts } from "../parts/table.js";
import { tabs } from "../parts/tabs.js";
import { tell, toast, words } from "../parts/toast.js";
import { applications, attributes, counters, topics } from "./group-lists.js";
import { members } from "./group-members.js";
import { messages } from "./group-messages.js";

export const SERVICE = "group_open_http_svc";
const MODIFY = `${SERVICE}/modify_group_base_info`;
const TEXTS = ["Name", "Introduction", "Notification", "FaceUrl"];

/** Read a group's profile, or throw its own refusal. */
async function read(id, keys, signal) {
  const answer = await call(`${SERVICE}/get_group_info`, { GroupIdList: [id], ResponseFilter: { AppDefinedDataFilter_Group: keys } }, { signal });
  const [info] = answer.GroupInfo;
  if (info.ErrorCode) throw Object.assign(new Error(`${info.ErrorCode}: ${info.ErrorInfo}`), { code: info.ErrorCode });
  return info;
}

export async function showGroup(main, { parts: [id], query, signal, session }) {
  const state = { id, session, signal, info: null, rights: null, actor: query.get("as") || session.identifier };
  const top = h("div"), acts = h("div", { class: "row" }), why = h("p", { class: "why" }), body = h("div");
  const back = h("a", { href: link("groups") }, t("group.back"));

  /** Read the group and the rights of the chosen actor anew. */
  state.reload = async () => {
    [state.info, state.rights] = await Promise.all([read(id, session.group_fields, signal), data("rights", { group: id, user: state.actor }, { signal })]);
    fill(top, h("h1", null, state.info.Name), h("div", { class: "sub" }, h("span", { class: "mono" }, id), " ", h("span", { class: "badge accent" }, t(`kind.${state.info.Type}`)),
      state.info.MuteAllMember === "On" && [" ", h("span", { class: "badge warn" }, t("group.muted"))]));
    fill(acts, actions(state));
    fill(why, standing(state));
    state.refresh();
  };
  state.refresh = () => {};
  try {
    await state.reload();
  } catch (fault) {
    if (signal.aborted) return;
    fill(main, h("p", null, back), h("h1", null, t("group.gone")), h("p", null, words(fault)));
    return;
  }
  const actor = field({
    label: t("group.actor"), name: "as", value: state.actor, hint: t("group.actor.hint"), limits: { maxLength: 32, pattern: "^[ -~]*$" },
  });
  actor.input.addEventListener("change", async () => {
    state.actor = actor.value().trim() || session.identifier;
    actor.put(state.actor);
    note({ as: state.actor === session.identifier ? "" : state.actor });
    try {
      await state.reload();
      open.open(shown.id);
    } catch (fault) {
      if (!signal.aborted) tell(fault);
    }
  });
  const shown = { id: query.get("tab") || "info" };
  const list = [
    { id: "info", show: info }, { id: "members", show: members }, { id: "messages", show: messages }, { id: "applications", show: applications },
    ...(state.info.SupportTopic ? [{ id: "topics", show: topics }] : []),
    { id: "attributes", show: attributes }, { id: "counters", show: counters }, { id: "rights", show: rights },
  ];
  fill(main, h("p", null, back), h("div", { class: "head" }, top),
    h("section", { class: "card" }, h("div", { class: "narrow" }, actor.node), why, acts), h("section", { class: "card" }, body));
  const open = tabs(list.map((item) => ({
    id: item.id, title: t(`group.tab.${item.id}`),
    show: (panel, inside) => {
      shown.id = item.id;
      return item.show(panel, { ...state, signal: inside, group: state });
    },
  })), { label: t("group.tabs"), chosen: shown.id, signal });
  fill(body, open.node);
  state.refresh = () => shown.id in AFRESH && open.open(shown.id);
}

/** Tabs that show nothing but the profile and the rights: drawn anew with them. The others see to themselves. */
const AFRESH = { info: true, rights: true };

/** Say as what the actor acts. */
function standing({ rights, session }) {
  const role = t(`role.${rights.role}`);
  const parts = [t("group.standing", { user: rights.user, role })];
  if (rights.app_admin) parts.push(t("role.AppAdmin"));
  if (!rights.registered) parts.push(t("group.unregistered"));
  if (rights.user !== session.identifier) parts.push(t("group.runs", { admin: session.identifier }));
  return parts.join(" · ");
}

/** Return why the actor may not do something, "" where he may. */
export function reason({ rights }, action) {
  const right = rights.actions[action];
  if (!right || right.allowed) return "";
  const values = { user: rights.user, role: t(`role.${rights.role}`), action: has(`action.${action}`) ? t(`action.${action}`) : action, kind: t(`kind.${rights.kind}`), code: right.code };
  return t(rights.app_admin ? "group.why.admin" : "group.why", values);
}

/**
 * Return a button for what `action` of the rights table allows. Where it does not, the button stays reachable by keyboard,
 * does nothing and says why.
 */
export function actButton(state, action, label, act, { danger = false, small = true, barred = "" } = {}) {
  const why = barred || reason(state, action);
  const id = newId("why");
  const button = h("button", { type: "button", class: [small && "small", danger && "danger"].filter(Boolean).join(" ") || null }, label);
  if (why) {
    set(button, "aria-disabled", "true");
    set(button, "title", why);
    set(button, "aria-describedby", id);
    button.addEventListener("click", () => toast(why));
    return h("span", null, button, h("span", { id, class: "offscreen" }, why));
  }
  button.addEventListener("click", () => Promise.resolve(act()).catch(tell));
  return button;
}

/** Run a command, then show the group anew. */
export async function run(state, command, fields, said) {
  const answer = await call(command, fields, { signal: state.group?.signal ?? state.signal });
  toast(said, "good");
  await (state.group ?? state).reload();
  return answer;
}

/** In whose name a change of the profile is told: REST knows From_Account there. */
function inNameOf(state) {
  return state.actor === state.session.identifier ? {} : { From_Account: state.actor };
}

function actions(state) {
  const { info, id } = state;
  const muted = info.MuteAllMember === "On";
  return [
    actButton(state, "EDIT_PROFILE", t("group.edit"), () => edit(state)),
    actButton(state, "EDIT_OPTIONS", t("group.options"), () => options(state)),
    actButton(state, "MUTE_ALL", muted ? t("group.unmuteall") : t("group.muteall"), () => ask({
      title: muted ? t("group.unmuteall") : t("group.muteall"), text: t("group.muteall.text"),
      act: () => run(state, MODIFY, { GroupId: id, MuteAllMember: muted ? "Off" : "On", ...inNameOf(state) }, t("group.done")),
    })),
    actButton(state, "TRANSFER", t("group.transfer"), () => ask({
      title: t("group.transfer"), text: t("group.transfer.text", { owner: info.Owner_Account || t("none") }),
      fields: { user: { label: t("group.transfer.to"), required: true, limits: { maxLength: 32 } } },
      act: ({ user }) => run(state, `${SERVICE}/change_group_owner`, { GroupId: id, NewOwner_Account: user }, t("group.done")),
    })),
    actButton(state, "DISSOLVE", t("group.dissolve"), () => dissolve(state), { danger: true }),
  ];
}

async function dissolve({ id, info, signal }) {
  const done = await ask({
    title: t("group.dissolve"), text: t("group.dissolve.text", { name: info.Name, members: num(info.MemberNum) }), danger: true, yes: t("group.dissolve"),
    fields: { again: { label: t("group.dissolve.again", { id }), required: true, mono: true, check: (text) => (text === id ? "" : t("group.dissolve.other")) } },
    act: () => call(`${SERVICE}/destroy_group`, { GroupId: id }, { signal }),
  });
  if (!done) return;
  toast(t("group.dissolved"), "good");
  go("groups");
}

async function edit(state) {
  const { info, id } = state, limits = await limitsOf(MODIFY);
  const fields = Object.fromEntries(TEXTS.map((name) => [name, {
    label: t(`field.${name}`), value: info[name], required: name === "Name", kind: name === "Introduction" || name === "Notification" ? "area" : "text",
    limits: limits[name],
  }]));
  return ask({
    title: t("group.edit"), fields, yes: t("save"),
    act: (given) => {
      const changed = Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== info[name]));
      return run(state, MODIFY, { GroupId: id, ...changed, ...inNameOf(state) }, t("group.done"));
    },
  });
}

async function options(state) {
  const { info, id } = state, limits = await limitsOf(MODIFY);
  const choice = (name) => ({ label: t(`field.${name}`), kind: "choice", value: info[name], options: limits[name].enum.map((value) => [value, t(`option.${value}`)]) });
  const fields = {
    MaxMemberNum: { label: t("field.MaxMemberNum"), kind: "number", value: String(info.MaxMemberNum), limits: limits.MaxMemberNum },
    ApplyJoinOption: choice("ApplyJoinOption"),
    InviteJoinOption: choice("InviteJoinOption"),
    HistoryMsgBeforeJoin: choice("HistoryMsgBeforeJoin"),
  };
  return ask({
    title: t("group.options"), fields, yes: t("save"),
    act: (given) => {
      const values = { ...given, MaxMemberNum: Number(given.MaxMemberNum) };
      const changed = Object.fromEntries(Object.entries(values).filter(([name, value]) => value !== info[name]));
      return run(state, MODIFY, { GroupId: id, ...changed, ...inNameOf(state) }, t("group.done"));
    },
  });
}

function info(panel, { info: one }) {
  fill(panel, facts([
    [t("field.Name"), one.Name], ["GroupId", h("span", { class: "mono" }, one.GroupId)], [t("field.Type"), t(`kind.${one.Type}`)],
    [t("field.Owner_Account"), one.Owner_Account], [t("group.members.of"), `${num(one.MemberNum)}${one.MaxMemberNum ? ` / ${num(one.MaxMemberNum)}` : ""}`],
    [t("field.ApplyJoinOption"), t(`option.${one.ApplyJoinOption}`)], [t("field.InviteJoinOption"), t(`option.${one.InviteJoinOption}`)],
    [t("field.MuteAllMember"), t(`option.${one.MuteAllMember}`)], [t("field.HistoryMsgBeforeJoin"), t(`option.${one.HistoryMsgBeforeJoin}`)],
    [t("group.created"), when(one.CreateTime)], [t("group.changed"), when(one.LastInfoTime)], [t("group.last"), when(one.LastMsgTime)],
    [t("group.seq"), num(one.NextMsgSeq)], one.SupportTopic && [t("field.SupportTopic"), t("yes")],
    one.SupportTopic && [t("field.EnablePermission"), one.EnablePermission ? t("yes") : t("no")],
    [t("field.FaceUrl"), one.FaceUrl], [t("field.Introduction"), one.Introduction], [t("field.Notification"), one.Notification],
    ...(one.AppDefinedData ?? []).map(({ Key, Value }) => [t("group.custom", { key: Key }), Value]),
  ]));
}

/** Every action of the rights table, and why the actor may not. */
function rights(panel, state) {
  const all = Object.entries(state.rights.actions).filter(([name]) => name !== "CREATE");
  fill(panel, h("p", { class: "note" }, t("group.rights.note", { user: state.rights.user, role: t(`role.${state.rights.role}`), kind: t(`kind.${state.rights.kind}`) })),
    h("ul", { class: "rights" }, all.map(([name, right]) => h("li", null,
      h("span", { class: right.allowed ? "badge good" : "badge bad" }, right.allowed ? t("group.may") : t("group.maynot")), " ",
      has(`action.${name}`) ? t(`action.${name}`) : name, !right.allowed && h("span", { class: "note", title: right.reason }, ` (${right.code})`)))));
}
