// What hangs on a group in short lists: applications, topics, attributes, counters.

import { call, data, limitsOf } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { num, when } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { ask } from "../parts/dialog.js";
import { pagedTable, table } from "../parts/table.js";
import { toast } from "../parts/toast.js";
import { actButton, reason, SERVICE } from "./group.js";

const TOPICS = "million_group_open_http_svc";

/** Who wants in, who was invited, and who decided. */
export async function applications(panel, state) {
  const why = reason(state, "DECIDE");
  if (why) {
    fill(panel, h("p", { class: "note" }, why));
    return;
  }
  const limits = await limitsOf("gateway/handle_group_application");
  const decide = (one, accept) => ask({
    title: accept ? t("applications.accept") : t("applications.refuse"), text: t("applications.text", { user: one.user }), danger: !accept,
    fields: { message: { label: t("applications.answer"), value: "", kind: "area", limits: limits.Message } },
    act: async ({ message }) => {
      await call("gateway/handle_group_application", { GroupId: state.id, ApplicationId: one.id, Accept: Number(accept), Message: message });
      toast(t("group.done"), "good");
      await Promise.all([shown.reload(), state.group.reload()]);
    },
  });
  const shown = pagedTable({
    caption: t("group.tab.applications"), signal: state.signal, empty: t("applications.none"),
    load: async (place) => {
      const answer = await data("applications", { group: state.id, next: place ?? 0 }, { signal: state.signal });
      return { rows: answer.applications, next: answer.next || undefined };
    },
    columns: [
      { title: t("members.user"), wide: true, cell: (one) => [h("b", null, one.user), one.message && h("div", { class: "note" }, one.message)] },
      { title: t("applications.sort"), cell: (one) => t(`applications.sort.${one.sort}`, { inviter: one.inviter }) },
      { title: t("applications.at"), cell: (one) => when(Math.floor(one.at_ms / 1000)) },
      { title: t("applications.state"), cell: (one) => (one.handled_by
        ? h("span", { class: one.accepted ? "badge good" : "badge bad" }, t(one.accepted ? "applications.accepted" : "applications.refused", { by: one.handled_by }))
        : h("span", { class: "badge warn" }, t("applications.open"))) },
      { title: t("members.acts"), actions: true, cell: (one) => !one.handled_by && h("div", { class: "row" },
        actButton(state, "DECIDE", t("applications.accept"), () => decide(one, true), { barred: one.sort === 1 ? t("applications.invitee") : "" }),
        actButton(state, "DECIDE", t("applications.refuse"), () => decide(one, false), { danger: true, barred: one.sort === 1 ? t("applications.invitee") : "" })) },
    ],
  });
  fill(panel, shown.node);
  await shown.restart();
}

/** Topics of a community. */
export async function topics(panel, state) {
  const limits = await limitsOf(`${TOPICS}/create_topic`);
  const answer = await call(`${TOPICS}/get_topic`, { GroupId: state.id, From_Account: state.session.identifier }, { signal: state.signal });
  const again = () => topics(panel, state);
  const change = (title, fields, values, act) => ask({ title, yes: t("save"), fields, act: async (given) => {
    await act(given);
    toast(t("group.done"), "good");
    await again();
  } });
  const texts = (one = {}) => ({
    TopicName: { label: t("topics.name"), value: one.TopicName ?? "", required: true, limits: limits.TopicName },
    Introduction: { label: t("field.Introduction"), value: one.Introduction ?? "", kind: "area", limits: limits.Introduction },
    Notification: { label: t("field.Notification"), value: one.Notification ?? "", kind: "area", limits: limits.Notification },
  });
  const shown = table({
    caption: t("group.tab.topics"), rows: answer.TopicAndSelfInfo.filter((one) => !one.ErrorCode).map(({ TopicInfo }) => TopicInfo), empty: t("topics.none"),
    columns: [
      { title: t("topics.name"), wide: true, cell: (one) => [h("b", null, one.TopicName), h("div", { class: "note mono" }, one.TopicId)] },
      { title: t("field.MuteAllMember"), cell: (one) => t(`option.${one.MuteAllMember}`) },
      { title: t("group.created"), cell: (one) => when(one.CreateTime) },
      { title: t("topics.messages"), number: true, cell: (one) => num(Math.max(0, (one.NextMsgSeq ?? 1) - 1)) },
      { title: t("members.acts"), actions: true, cell: (one) => h("div", { class: "row" },
        actButton(state, "EDIT_TOPIC", t("group.edit"), () => change(t("group.edit"), texts(one), one, (given) => call(`${TOPICS}/modify_topic`, { GroupId: state.id, TopicId: one.TopicId, ...given }))),
        actButton(state, "DESTROY_TOPIC", t("delete"), () => ask({
          title: t("topics.delete"), text: t("topics.delete.text", { name: one.TopicName }), danger: true, yes: t("delete"),
          act: async () => {
            const [result] = (await call(`${TOPICS}/destroy_topic`, { GroupId: state.id, TopicIdList: [one.TopicId] })).DestroyResultItem;
            if (result.ErrorCode) throw new Error(`${result.ErrorCode}: ${result.ErrorInfo}`);
            await again();
          },
        }), { danger: true })) },
    ],
  });
  fill(panel, h("div", { class: "row" }, h("span", { class: "grow" }), actButton(state, "CREATE_TOPIC", t("topics.create"), () =>
    change(t("topics.create"), texts(), {}, (given) => call(`${TOPICS}/create_topic`, { GroupId: state.id, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value)) })), { small: false })), shown.node);
}

/** Keys and values that are read and written alike for attributes and counters. */
async function pairs(panel, state, { read, write, remove, editable, valueField, caption, right, cell }) {
  const rows = await read();
  const again = () => pairs(panel, state, { read, write, remove, editable, valueField, caption, right, cell });
  const change = (one) => ask({
    title: one ? t("pairs.change", { key: one.key }) : t("add"), yes: t("save"),
    fields: { ...(one ? {} : { key: { label: t("pairs.key"), required: true, limits: { "x-max-bytes": 32 } } }), value: { ...valueField, label: t("pairs.value"), value: one ? String(one.value) : "" } },
    act: async ({ key = one?.key, value }) => {
      await write(key, value);
      await again();
    },
  });
  const shown = table({
    caption, rows,
    columns: [
      { title: t("pairs.key"), cell: (one) => h("span", { class: "mono" }, one.key) },
      { title: t("pairs.value"), wide: true, cell: (one) => cell(one.value) },
      { title: t("members.acts"), actions: true, cell: (one) => h("div", { class: "row" },
        actButton(state, right, t("pairs.edit"), () => change(one)),
        actButton(state, right, t("delete"), () => ask({ title: t("delete"), text: t("pairs.delete", { key: one.key }), danger: true, yes: t("delete"), act: async () => {
          await remove(one.key);
          await again();
        } }), { danger: true })) },
    ],
  });
  fill(panel, h("div", { class: "row" }, h("span", { class: "grow" }), actButton(state, right, t("add"), () => change(null), { small: false })), shown.node);
}

/** Attributes of a group: up to 16 keys with texts. */
export async function attributes(panel, state) {
  await pairs(panel, state, {
    caption: t("group.tab.attributes"), right: "EDIT_ATTRIBUTES", valueField: { kind: "area", limits: { "x-max-bytes": 4000 } }, cell: (value) => value,
    read: async () => (await call("group_open_attr_http_svc/get_group_attr", { GroupId: state.id }, { signal: state.signal })).GroupAttrAry.map((one) => ({ key: one.key, value: one.value })),
    write: (key, value) => call(`${SERVICE}/modify_group_attr`, { GroupId: state.id, GroupAttr: [{ key, value }] }),
    remove: (key) => call(`${SERVICE}/delete_group_attr`, { GroupId: state.id, GroupAttr: [{ key }] }),
  });
}

/** Counters of a group: up to 20 keys with numbers. */
export async function counters(panel, state) {
  const why = reason(state, "READ_COUNTERS");
  if (why) {
    fill(panel, h("p", { class: "note" }, why));
    return;
  }
  await pairs(panel, state, {
    caption: t("group.tab.counters"), right: "EDIT_COUNTERS", cell: (value) => num(value),
    valueField: { kind: "number", required: true, limits: { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER } },
    read: async () => (await call(`${SERVICE}/get_group_counter`, { GroupId: state.id }, { signal: state.signal })).GroupCounter.map((one) => ({ key: one.Key, value: one.Value })),
    write: (key, value) => call(`${SERVICE}/update_group_counter`, { GroupId: state.id, GroupCounter: [{ Key: key, Value: Number(value) }], Mode: "Set" }),
    remove: (key) => call(`${SERVICE}/delete_group_counter`, { GroupId: state.id, GroupCounterKeys: [key] }),
  });
}
