// Messages and tips of a group or topic, as they come, and a box to send as any account.

import { call, data } from "../lib/api.js";
import { arrange, fill, h, set } from "../lib/dom.js";
import { span, when } from "../lib/format.js";
import { has, t } from "../lib/i18n.js";
import { poll } from "../lib/poll.js";
import { ask } from "../parts/dialog.js";
import { field } from "../parts/form.js";
import { tell, toast, words } from "../parts/toast.js";
import { actButton, reason, SERVICE } from "./group.js";

const PAGE = 20, EVERY_MS = 2000, MOST = 2000, CATCH_UP = 10;
const [THERE, GONE, RECALLED] = [0, 1, 2];

export async function messages(panel, state) {
  const stored = state.info.Type !== "AVChatRoom";
  const known = new Map();
  const drawn = new Map();
  let topic = "", oldest = Infinity;
  const stream = h("div", { class: "stream", tabindex: "0", role: "log", "aria-label": t("messages.stream") });
  const older = h("button", { type: "button", class: "small", onclick: () => more().catch(tell) }, t("messages.older"));
  const fault = h("p", { class: "fault", role: "alert" }), nothing = h("p", { class: "note" }, t("messages.none"));

  async function page(from) {
    const answer = await call(`${SERVICE}/group_msg_get_simple`, {
      GroupId: state.id, ReqMsgNumber: PAGE, WithRecalledMsg: 1, ...(from ? { ReqMsgSeq: from } : {}), ...(topic ? { TopicId: topic } : {}),
    }, { signal: state.signal });
    for (const one of answer.RspMsgList) known.set(one.MsgSeq, one);
    oldest = Math.min(oldest, ...answer.RspMsgList.map((one) => one.MsgSeq));
    return answer.RspMsgList;
  }
  /** Show what is known; a message that is shown as it is stays untouched. */
  function draw() {
    const shown = [...known.values()].sort((one, other) => one.MsgSeq - other.MsgSeq).slice(-MOST);
    const low = stream.scrollHeight - stream.scrollTop - stream.clientHeight < 40;
    const nodes = shown.map((one) => {
      const mark = JSON.stringify(one), before = drawn.get(one.MsgSeq);
      if (before?.mark === mark) return before.node;
      const node = item(state, one, recall);
      drawn.set(one.MsgSeq, { mark, node });
      return node;
    });
    arrange(stream, nodes.length ? nodes : [nothing]);
    if (low) stream.scrollTop = stream.scrollHeight;
    older.hidden = !(oldest > 1 && Number.isFinite(oldest));
  }
  /** Read the newest, and back to what is known; where too much came meanwhile, what lies behind it is forgotten. */
  async function fresh() {
    const newest = Math.max(0, ...known.keys());
    let rows = await page(), low = Math.min(...rows.map((one) => one.MsgSeq));
    for (let pages = 0; newest && rows.length && low > newest + 1; pages += 1) {
      if (pages === CATCH_UP) {
        for (const seq of [...known.keys()].filter((one) => one < low)) known.delete(seq);
        oldest = low;
        break;
      }
      rows = await page(low - 1);
      low = Math.min(low, ...rows.map((one) => one.MsgSeq));
    }
    fill(fault);
    draw();
  }
  async function more() {
    const high = stream.scrollHeight;
    await page(oldest - 1);
    draw();
    stream.scrollTop += stream.scrollHeight - high;
  }
  function recall(one) {
    return ask({
      title: t("messages.recall"), text: t("messages.recall.text", { seq: one.MsgSeq, user: one.From_Account }), danger: true, yes: t("messages.recall"),
      fields: { why: { label: t("members.reason"), value: "" } },
      act: async ({ why }) => {
        const answer = await call(`${SERVICE}/group_msg_recall`, { GroupId: state.id, MsgSeqList: [{ MsgSeq: one.MsgSeq }], ...(why ? { Reason: why } : {}), ...(topic ? { TopicId: topic } : {}) });
        const [result] = answer.RecallRetList;
        if (result.RetCode) throw new Error(`${result.RetCode}`);
        toast(t("group.done"), "good");
        await fresh();
      },
    });
  }
  const choice = state.info.SupportTopic ? await topicChoice(state, (id) => {
    topic = id;
    known.clear();
    drawn.clear();
    oldest = Infinity;
    fresh().catch(tell);
  }) : null;
  fill(panel, choice, stored ? [h("div", { class: "row" }, older), stream] : h("p", { class: "note" }, t("messages.unstored")), fault,
    sender(state, () => topic, () => (stored ? fresh() : Promise.resolve())));
  if (stored) poll(fresh, EVERY_MS, state.signal, (refusal) => fill(fault, words(refusal)));
}

async function topicChoice(state, chosen) {
  const answer = await call("million_group_open_http_svc/get_topic", { GroupId: state.id, From_Account: state.session.identifier }, { signal: state.signal });
  const found = answer.TopicAndSelfInfo.filter((one) => !one.ErrorCode).map(({ TopicInfo }) => [TopicInfo.TopicId, TopicInfo.TopicName]);
  return field({ label: t("messages.topic"), kind: "choice", options: [["", t("messages.group")], ...found], onchange: chosen }).node;
}

/** One message, tip or placeholder. */
function item(state, one, recall) {
  if (one.IsPlaceMsg === GONE) return h("div", { class: "message tip" }, t("messages.gone", { seq: one.MsgSeq }));
  if (one.IsSystemMsg) {
    return h("div", { class: "message tip" }, one.MsgBody.map((element) => tipWords(element.MsgContent)), " ", h("span", null, when(one.MsgTimeStamp)));
  }
  const own = one.From_Account === state.actor;
  return h("article", { class: one.IsPlaceMsg === RECALLED ? "message gone" : "message" },
    h("div", { class: "message-head" }, h("b", null, one.From_Account), h("span", null, when(one.MsgTimeStamp)), h("span", { class: "mono" }, `#${one.MsgSeq}`),
      one.To_Account && h("span", { class: "badge" }, t("messages.to", { users: one.To_Account.join(", ") })),
      h("span", { class: "grow" }), one.IsPlaceMsg === THERE && actButton(state, own ? "SEND" : "RECALL_OTHERS", t("messages.recall"), () => recall(one))),
    h("div", { class: "message-body" }, one.IsPlaceMsg === RECALLED ? t("messages.recalled") : one.MsgBody.map(element)),
    one.CloudCustomData && h("div", { class: "note mono" }, one.CloudCustomData));
}

/** An element of a message in words, or as what it is. */
function element({ MsgType, MsgContent: content }) {
  switch (MsgType) {
    case "TIMTextElem":
      return h("div", null, content.Text);
    case "TIMImageElem": {
      const url = content.ImageInfoArray?.at(-1)?.URL;
      return url ? h("img", { src: url, alt: t("messages.image"), loading: "lazy", referrerpolicy: "no-referrer" }) : h("div", null, t("messages.image"));
    }
    case "TIMFileElem":
    case "TIMSoundElem":
    case "TIMVideoFileElem": {
      const url = content.Url ?? content.VideoUrl;
      const name = content.FileName ?? t(`messages.${MsgType}`);
      return h("div", null, url ? h("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, name) : name);
    }
    case "TIMLocationElem":
      return h("div", null, t("messages.place", { place: content.Desc ?? "", latitude: content.Latitude, longitude: content.Longitude }));
    default:
      return h("div", { class: "mono" }, `${MsgType} ${JSON.stringify(content)}`);
  }
}

/** A tip in words. */
export function tipWords(tip) {
  const users = (tip.UserList ?? []).join(", ");
  const by = tip.Operator_Account ?? "";
  const kind = tip.TipType === "Invite" && tip.JoinType === "Apply" ? "Join" : tip.TipType === "MemberInfoChange" ? (tip.MuteTime ? "Mute" : "Unmute") : tip.TipType;
  if (kind === "GroupInfoChange" || kind === "TopicInfoChange") {
    const changes = Object.entries(tip.Changes ?? {}).map(([name, value]) =>
      t("tip.change", { field: has(`field.${name}`) ? t(`field.${name}`) : name, value: typeof value === "object" ? JSON.stringify(value) : String(value) }));
    return t(`tip.${kind}`, { by, changes: changes.join(", ") });
  }
  const key = `tip.${kind}`;
  return has(key) ? t(key, { by, users, time: tip.MuteTime === 4294967295 ? t("members.forever") : span(tip.MuteTime ?? 0) }) : `${tip.TipType} ${by} ${users}`;
}

/** The box: a text, and who says it. */
function sender(state, topic, after) {
  const barred = h("p", { class: "why" });
  const from = field({ label: t("messages.as"), name: "from", value: state.actor, required: true, limits: { maxLength: 32, pattern: "^[ -~]+$" } });
  const text = field({ label: t("messages.text"), name: "text", kind: "text", required: true, limits: { "x-max-bytes": 12000 } });
  const go = h("button", { type: "submit", class: "primary" }, t("messages.send"));
  async function look() {
    const rights = await data("rights", { group: state.id, user: from.value() }, { signal: state.signal });
    const why = rights.registered ? reason({ rights }, "SEND") : t("group.unregistered");
    fill(barred, why);
    go.disabled = Boolean(why);
    set(go, "title", why || null);
  }
  from.input.addEventListener("change", () => look().catch(tell));
  look().catch(tell);
  const form = h("form", { class: "send", novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    if (![from, text].map((one) => one.valid()).every(Boolean)) return;
    go.disabled = true;
    try {
      await call(`${SERVICE}/send_group_msg`, {
        GroupId: state.id, Random: Math.floor(Math.random() * 4294967295), From_Account: from.value(),
        MsgBody: [{ MsgType: "TIMTextElem", MsgContent: { Text: text.value() } }], ...(topic() ? { TopicId: topic() } : {}),
      });
      text.put("");
      await after();
    } catch (refusal) {
      tell(refusal);
    } finally {
      go.disabled = false;
      text.input.focus();
    }
  } }, from.node, text.node, go);
  return [form, barred];
}
