// What tests set for the app: its clock, faults, snapshots, the record. Only where the server has the controls.

import { double } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { num, size, span, when } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { poll } from "../lib/poll.js";
import { ask } from "../parts/dialog.js";
import { field } from "../parts/form.js";
import { facts, table } from "../parts/table.js";
import { tell, toast, words } from "../parts/toast.js";

const EVERY_MS = 2000, DAY = 86400;
const PLATFORMS = ["", "Web", "Android", "iOS", "iPad", "Windows", "Mac", "Linux"];
const PUSHES = ["*", "group_message", "c2c_message", "group_tip", "group_notice", "group_change", "group_seq", "message_change", "conversation_change"];
const whole = (minimum, maximum) => ({ kind: "number", limits: { minimum, maximum } });

/** Return the values of a form that were given, numbers as numbers. */
function given(values, numbers = []) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== "" && value !== false)
    .map(([name, value]) => [name, numbers.includes(name) ? Number(value) : value]));
}

export async function show(main, { signal, session }) {
  const fault = h("p", { class: "fault", role: "alert" });
  const cards = Object.fromEntries(["clock", "faults", "pushes", "snapshots", "record", "seed", "ends"].map((name) => [name, h("section", { class: "card" })]));
  let before = "";
  async function read() {
    const found = await double("", {}, { signal });
    if (signal.aborted) return;
    fill(fault);
    showClock(cards.clock, found.clock, use);
    const { clock, ...rest } = found;
    if (before === JSON.stringify(rest)) return;
    before = JSON.stringify(rest);
    showFaults(cards.faults, found.faults, use);
    showPushes(cards.pushes, found.pushes, use);
    showSnapshots(cards.snapshots, found.snapshots, use);
    showRecord(cards.record, found.record, use);
  }
  /** Use a control, say so, and look at what is set now. */
  async function use(name, fields = {}, said = t("double.done")) {
    const answer = await double(name, fields, { signal });
    toast(typeof said === "function" ? said(answer) : said, "good");
    await read();
    return answer;
  }
  showSeed(cards.seed, use);
  showEnds(cards.ends, session, use);
  fill(main, h("div", { class: "head" }, h("h1", null, t("nav.double"))), h("p", { class: "note" }, t("double.note")), fault,
    h("div", { class: "grid two" }, Object.values(cards)));
  await read();
  poll(read, EVERY_MS, signal, (refusal) => fill(fault, words(refusal)));
}

function button(label, act, kind = "small") {
  return h("button", { type: "button", class: kind, onclick: () => Promise.resolve(act()).catch(tell) }, label);
}

/** The clock: only its numbers change from second to second, so that a button keeps the focus. */
function showClock(card, clock, use) {
  if (!card.childElementCount) {
    const by = (seconds) => button(`+ ${span(seconds)}`, () => use("clock", { advance: seconds }));
    fill(card, h("h2", null, t("double.clock")), h("div", { class: "clock-facts" }), h("div", { class: "row spaced" },
      [60, 3600, DAY, 30 * DAY].map(by), button(t("double.set"), () => setClock(use)),
      button(t("double.freeze"), () => use("clock", { freeze: true })), button(t("double.run"), () => use("clock", { freeze: false })),
      button(t("double.real"), () => use("clock", { real: true }))));
  }
  const state = clock.frozen ? t("double.frozen") : clock.real ? t("double.isreal") : t("double.moved");
  const ahead = Math.round(clock.ahead);
  fill(card.querySelector(".clock-facts"), facts([
    [t("double.now"), when(clock.now)], [t("double.state"), h("span", { class: clock.real ? "badge good" : "badge warn" }, state)],
    [t("double.ahead"), ahead === 0 ? "–" : `${ahead > 0 ? "+" : "−"} ${span(Math.abs(ahead))}`]]));
}

function setClock(use) {
  return ask({
    title: t("double.set"), text: t("double.set.text"), yes: t("save"),
    fields: { at: { label: t("double.set.at"), required: true, mono: true, placeholder: "2030-01-31 23:59:50", check: (text) => (Number.isNaN(moment(text)) ? t("double.set.wrong") : "") } },
    act: ({ at }) => use("clock", { set: moment(at) }),
  });
}

/** Return a time as one writes it, in this browser's zone, or unix seconds, as unix seconds. */
function moment(text) {
  if (/^\d{1,10}(\.\d+)?$/.test(text.trim())) return Number(text);
  return new Date(text.trim().replace(" ", "T")).getTime() / 1000;
}

function said(rule) {
  const parts = [];
  if (rule.code) parts.push(t("double.rule.code", { code: rule.code }) + (rule.text ? ` “${rule.text}”` : ""));
  if (rule.delay_ms) parts.push(t("double.rule.delay", { ms: num(rule.delay_ms) }));
  if (rule.drop) parts.push(t("double.rule.drop"));
  if (rule.lose) parts.push(t("double.rule.lose"));
  if (rule.repeat) parts.push(t("double.rule.repeat", { times: num(rule.repeat) }));
  if (rule.after) parts.push(t("double.rule.after"));
  if (rule.times) parts.push(t("double.rule.times", { times: num(rule.times) }));
  if (rule.probability) parts.push(t("double.rule.probability", { part: num(rule.probability * 100) }));
  if (rule.door) parts.push(rule.door);
  return parts.join(", ");
}

function rules(rows, what, caption) {
  return table({
    caption, rows, empty: t("double.norules"),
    columns: [
      { title: t(`double.${what}`), cell: (one) => h("span", { class: "mono" }, one[what]) },
      { title: t("double.user"), cell: (one) => one.user ?? t("all") },
      { title: t("double.effect"), wide: true, cell: said },
      { title: t("double.hits"), number: true, cell: (one) => num(one.hits) },
    ],
  }).node;
}

function showFaults(card, faults, use) {
  fill(card, h("h2", null, t("double.faults")), rules(faults, "command", t("double.faults")), h("div", { class: "row spaced" },
    button(t("double.addfault"), () => addFault(use)),
    button(t("double.clear"), () => use("faults", { clear: true }))), h("p", { class: "note spaced" }, t("double.clear.note")));
}

function addFault(use) {
  return ask({
    title: t("double.addfault"), text: t("double.addfault.text"), yes: t("add"),
    fields: {
      command: { label: t("double.command"), value: "send_group_msg", required: true, mono: true, hint: t("double.command.hint") },
      user: { label: t("double.user"), hint: t("double.user.hint"), limits: { maxLength: 32 } },
      code: { label: t("double.code"), ...whole(1, 2147483647) },
      text: { label: t("double.text"), limits: { "x-max-bytes": 1000 } },
      delay_ms: { label: t("double.delay"), ...whole(1, 600000) },
      drop: { label: t("double.drop"), kind: "flag" },
      after: { label: t("double.after"), kind: "flag" },
      times: { label: t("double.times"), hint: t("double.times.hint"), ...whole(1, 1000000) },
      probability: { label: t("double.probability"), placeholder: "0.5", check: part },
    },
    act: (values) => use("faults", { add: [given(values, ["code", "delay_ms", "times", "probability"])] }),
  });
}

function part(text) {
  return text === "" || (Number(text) > 0 && Number(text) <= 1) ? "" : t("double.probability.wrong");
}

function showPushes(card, pushes, use) {
  fill(card, h("h2", null, t("double.pushes")), rules(pushes, "push", t("double.pushes")), h("div", { class: "row spaced" }, button(t("double.addpush"), () => ask({
    title: t("double.addpush"), yes: t("add"),
    fields: {
      push: { label: t("double.push"), kind: "choice", value: "*", options: PUSHES.map((name) => [name, name === "*" ? t("all") : name]) },
      user: { label: t("double.user"), hint: t("double.user.hint"), limits: { maxLength: 32 } },
      what: { label: t("double.effect"), kind: "choice", value: "lose", options: [["lose", t("double.rule.lose")], ["repeat", t("double.repeat")]] },
      repeat: { label: t("double.copies"), value: "1", ...whole(1, 100) },
      times: { label: t("double.times"), hint: t("double.times.hint"), ...whole(1, 1000000) },
      probability: { label: t("double.probability"), placeholder: "0.5", check: part },
    },
    act: ({ what, repeat, ...values }) => use("faults", { pushes: [{ ...given(values, ["times", "probability"]), ...(what === "lose" ? { lose: true } : { repeat: Number(repeat) || 1 }) }] }),
  }))));
}

function showSnapshots(card, snapshots, use) {
  const shown = table({
    caption: t("double.snapshots"), rows: snapshots, empty: t("double.nosnapshots"),
    columns: [
      { title: t("double.name"), wide: true, cell: (one) => h("span", { class: "mono" }, one.name) },
      { title: t("double.at"), cell: (one) => when(one.at) },
      { title: t("double.size"), number: true, cell: (one) => size(one.bytes) },
      { title: t("double.acts"), actions: true, cell: ({ name }) => h("div", { class: "row" },
        button(t("double.restore"), () => ask({ title: t("double.restore"), text: t("double.restore.text", { name }), danger: true, yes: t("double.restore"), act: () => use("restore", { name }) })),
        button(t("delete"), () => ask({ title: t("delete"), text: t("double.drop.text", { name }), danger: true, yes: t("delete"), act: () => use("snapshot", { drop: name }) }), "small danger")) },
    ],
  });
  fill(card, h("h2", null, t("double.snapshots")), shown.node, h("div", { class: "row spaced" }, button(t("double.take"), () => ask({
    title: t("double.take"), text: t("double.take.text"), yes: t("double.take"),
    fields: { name: { label: t("double.name"), required: true, mono: true, limits: { maxLength: 64, pattern: "^[A-Za-z0-9][A-Za-z0-9._\\-]*$" } } },
    act: ({ name }) => use("snapshot", { name }),
  }))));
}

function showRecord(card, record, use) {
  fill(card, h("h2", null, t("double.record")), facts([
    [t("double.state"), h("span", { class: record.on ? "badge good" : "badge" }, t(record.on ? "double.recording" : "double.notrecording"))],
    [t("double.lines"), num(record.lines)], [t("double.size"), size(record.bytes)], record.left_out ? [t("double.leftout"), num(record.left_out)] : null,
    record.file && [t("double.file"), h("span", { class: "mono" }, record.file)],
  ]), h("div", { class: "row spaced" },
    record.on ? button(t("double.stop"), () => use("record", { stop: true })) : button(t("double.start"), () => use("record", { start: true })),
    button(t("double.forget"), () => ask({ title: t("double.forget"), text: t("double.forget.text"), danger: true, yes: t("double.forget"), act: () => use("record", { clear: true }) })),
    record.lines > 0 && h("a", { href: "double/record", download: "record.jsonl" }, t("double.download"))), h("p", { class: "note spaced" }, t("double.record.note")));
}

function showSeed(card, use) {
  const text = field({ label: t("double.seed.text"), name: "seed", kind: "area", mono: true, hint: t("double.seed.hint"), required: true });
  text.input.rows = 8;
  const file = h("input", { type: "file", accept: ".yaml,.yml,.json", "aria-label": t("double.seed.file"), onchange: async () => {
    const [chosen] = file.files;
    if (chosen) text.put(await chosen.text());
  } });
  fill(card, h("h2", null, t("double.seed")), text.node, file, h("div", { class: "row spaced" }, button(t("double.seed.go"), async () => {
    if (!text.valid()) {
      text.input.focus();
      return;
    }
    await use("seed", text.value(), ({ made }) => t("double.seeded", { made: Object.entries(made).map(([sort, number]) => `${num(number)} ${sort}`).join(", ") }));
  }, "primary")));
}

/** What ends something: sessions, or all data. */
function showEnds(card, session, use) {
  fill(card, h("h2", null, t("double.ends")), h("p", null, t("double.cut.note")), h("div", { class: "row" }, button(t("double.cut"), () => ask({
    title: t("double.cut"), text: t("double.cut.text"), danger: true, yes: t("double.cut"),
    fields: {
      user: { label: t("double.user"), hint: t("double.user.hint"), limits: { maxLength: 32 } },
      platform: { label: t("double.platform"), kind: "choice", options: PLATFORMS.map((name) => [name, name || t("all")]) },
      code: { label: t("double.end"), hint: t("double.end.hint"), ...whole(1000, 4999) },
    },
    act: (values) => use("cut", given(values, ["code"]), ({ ended }) => t("double.cut.done", { number: num(ended) })),
  }), "danger")), h("p", { class: "spaced" }, t("double.reset.note")), h("div", { class: "row" }, button(t("double.reset"), () => {
    const app = String(session.sdkappid);
    return ask({
      title: t("double.reset"), text: t("double.reset.text", { app }), danger: true, yes: t("double.reset"),
      fields: {
        again: { label: t("double.reset.again", { app }), required: true, mono: true, check: (text) => (text === app ? "" : t("double.reset.other")) },
        clock: { label: t("double.keep.clock"), kind: "flag" }, faults: { label: t("double.keep.faults"), kind: "flag" },
      },
      act: ({ clock, faults }) => use("reset", { keep: [clock && "clock", faults && "faults"].filter(Boolean) }),
    });
  }, "danger")));
}
