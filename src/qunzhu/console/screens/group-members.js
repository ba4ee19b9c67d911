// Members of a group with their roles, page by page, and what may be done to each. Live rooms list who is there now.

import { call, limitsOf } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { num, span, when } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { ask } from "../parts/dialog.js";
import { field } from "../parts/form.js";
import { pagedTable, table } from "../parts/table.js";
import { toast } from "../parts/toast.js";
import { actButton, run, SERVICE } from "./group.js";

const PAGE = 50;

export async function members(panel, state) {
  if (state.info.Type === "AVChatRoom") {
    await inRoom(panel, state);
    return;
  }
  let role = "";
  const filter = field({
    label: t("members.role"), name: "role", kind: "choice", options: [["", t("all")], ...["Owner", "Admin", "Member"].map((one) => [one, t(`role.${one}`)])],
    onchange: (value) => {
      role = value;
      shown.restart();
    },
  });
  const byCursor = state.info.Type === "Community";
  const shown = pagedTable({
    caption: t("group.tab.members"), signal: state.signal, columns: columns(state, () => shown.reload()),
    load: async (place) => {
      const where = byCursor ? { Next: place ?? "" } : { Offset: place ?? 0 };
      const answer = await call(`${SERVICE}/get_group_member_info`, {
        GroupId: state.id, Limit: PAGE, ...where, ...(role ? { MemberRoleFilter: [role] } : {}),
      }, { signal: state.signal });
      const more = byCursor ? answer.Next : answer.MemberList.length === PAGE ? (place ?? 0) + PAGE : 0;
      return { rows: answer.MemberList, next: more || undefined, note: t("members.number", { number: num(answer.MemberNum) }) };
    },
  });
  fill(panel, h("div", { class: "row bottom" }, h("div", { class: "narrow" }, filter.node), h("span", { class: "grow" }), addButton(state, () => shown.restart())), shown.node);
  await shown.restart();
}

function addButton(state, again) {
  return actButton(state, "INVITE", t("members.add"), () => ask({
    title: t("members.add"), text: t("members.add.text"), yes: t("add"),
    fields: { users: { label: t("members.add.users"), kind: "area", required: true, hint: t("members.add.hint") } },
    act: async ({ users }) => {
      const list = [...new Set(users.split(/[\s,，;；]+/).filter(Boolean))];
      const answer = await run(state, `${SERVICE}/add_group_member`, { GroupId: state.id, MemberList: list.map((one) => ({ Member_Account: one })) }, t("group.done"));
      const results = answer.MemberList.filter(({ Result }) => Result !== 1);
      for (const { Member_Account, Result } of results) toast(t(`members.result.${Result}`, { user: Member_Account }), Result === 0 ? "bad" : "");
      await again();
    },
  }), { small: false });
}

function columns(state, again) {
  return [
    { title: t("members.user"), wide: true, cell: (one) => [h("b", null, one.Member_Account), one.NameCard && h("div", { class: "note" }, one.NameCard)] },
    { title: t("members.role"), cell: (one) => h("span", { class: one.Role === "Owner" ? "badge accent" : one.Role === "Admin" ? "badge good" : "badge" }, t(`role.${one.Role}`)) },
    { title: t("members.joined"), cell: (one) => when(one.JoinTime) },
    { title: t("members.last"), cell: (one) => when(one.LastSendMsgTime) },
    { title: t("members.mute"), cell: (one) => (one.MuteUntil ? h("span", { class: "badge warn" }, t("members.until", { when: when(one.MuteUntil) })) : "–") },
    { title: t("members.acts"), actions: true, cell: (one) => h("div", { class: "row" }, acts(state, one, again)) },
  ];
}

/** What may be done to a member: the table says whether at all, his rank whether to him. */
function acts(state, one, again) {
  const rank = state.rights.over.includes(one.Role) ? "" : t("members.rank", { user: state.rights.user, role: t(`role.${one.Role}`) });
  const after = (said) => async (promise) => {
    await promise;
    toast(said, "good");
    await again();
  };
  const done = after(t("group.done"));
  const change = (fields) => done(call(`${SERVICE}/modify_group_member_info`, { GroupId: state.id, Member_Account: one.Member_Account, ...fields }));
  return [
    actButton(state, "SET_ROLE", one.Role === "Admin" ? t("members.unadmin") : t("members.admin"), () => ask({
      title: one.Role === "Admin" ? t("members.unadmin") : t("members.admin"), text: t("members.role.text", { user: one.Member_Account }),
      act: () => change({ Role: one.Role === "Admin" ? "Member" : "Admin" }),
    }), { barred: one.Role === "Owner" ? t("members.owner") : "" }),
    actButton(state, "EDIT_MEMBER", t("members.card"), async () => ask({
      title: t("members.card"), text: t("members.card.text", { user: one.Member_Account }), yes: t("save"),
      fields: { card: { label: t("members.card"), value: one.NameCard, limits: (await limitsOf(`${SERVICE}/modify_group_member_info`)).NameCard } },
      act: ({ card }) => change({ NameCard: card }),
    })),
    actButton(state, "MUTE", one.MuteUntil ? t("members.unmute") : t("members.mute.act"), () => (one.MuteUntil
      ? ask({ title: t("members.unmute"), text: t("members.unmute.text", { user: one.Member_Account }), act: () => mute(state, one, 0, done) })
      : ask({
        title: t("members.mute.act"), text: t("members.mute.text", { user: one.Member_Account }),
        fields: { seconds: { label: t("members.seconds"), kind: "choice", options: [60, 600, 3600, 86400, 604800, 4294967295].map((s) => [String(s), s > 1e9 ? t("members.forever") : span(s)]) } },
        act: ({ seconds }) => mute(state, one, Number(seconds), done),
      })), { barred: rank }),
    actButton(state, "KICK", t("remove"), () => ask({
      title: t("members.kick"), text: t("members.kick.text", { user: one.Member_Account }), danger: true, yes: t("remove"),
      fields: { reason: { label: t("members.reason"), value: "" } },
      act: ({ reason }) => run(state, `${SERVICE}/delete_group_member`, { GroupId: state.id, MemberToDel_Account: [one.Member_Account], ...(reason ? { Reason: reason } : {}) }, t("group.done")).then(again),
    }), { danger: true, barred: rank }),
  ];
}

function mute(state, one, seconds, done) {
  return done(call(`${SERVICE}/forbid_send_msg`, { GroupId: state.id, Members_Account: [one.Member_Account], MuteTime: seconds }));
}

/** Who is in a live room now: it stores no members. */
async function inRoom(panel, state) {
  const [number, there, admins] = await Promise.all([
    call(`${SERVICE}/get_online_member_num`, { GroupId: state.id }, { signal: state.signal }),
    call("group_open_avchatroom_http_svc/get_members", { GroupId: state.id, Timestamp: 0 }, { signal: state.signal }),
    call("group_open_avchatroom_http_svc/get_admin_list", { GroupId: state.id }, { signal: state.signal }),
  ]);
  const list = table({
    caption: t("group.tab.members"), rows: there.MemberList, empty: t("members.nobody"),
    columns: [
      { title: t("members.user"), wide: true, cell: (one) => [h("b", null, one.Member_Account), one.NickName && h("div", { class: "note" }, one.NickName)] },
      { title: t("members.joined"), cell: (one) => when(one.JoinTime) },
    ],
  });
  const names = admins.Admin_List.map((one) => one.Admin_Account);
  fill(panel, h("p", null, t("members.room", { number: num(number.OnlineMemberNum) })), h("p", { class: "note" }, t("members.room.admins", { admins: names.join(", ") || t("none") })), list.node);
}
