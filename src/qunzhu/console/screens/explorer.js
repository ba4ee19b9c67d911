// Every command of the REST API, from the server's own description: fields, a body to change, the answer, the same as curl.

import { send } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { num, pretty } from "../lib/format.js";
import { has, t } from "../lib/i18n.js";
import { note } from "../lib/router.js";
import { codeBlock } from "../parts/copy.js";
import { ask } from "../parts/dialog.js";
import { field } from "../parts/form.js";
import { table } from "../parts/table.js";
import { tell } from "../parts/toast.js";
import { curl } from "./create-code.js";

const DEPTH = 5;
const LASTING = /^(destroy|delete|account_delete|kick|clear|ban|batch_delete|group_msg_recall|change_group_owner|send_broadcast)|_(delete|destroy|clear)$/;
let described = null;

/** Read the description once. */
async function description(signal) {
  if (described) return described;
  const answer = await fetch("../openapi.json", { signal });
  if (!answer.ok) throw new Error(`openapi.json: HTTP ${answer.status}`);
  described = await answer.json();
  return described;
}

export async function show(main, { query, signal, session }) {
  const api = await description(signal);
  if (signal.aborted) return;
  const commands = Object.entries(api.paths).map(([path, { post }]) => ({ path: path.slice("/v4/".length), ...post }));
  const place = h("div", { class: "gap" });
  const picker = field({ label: t("explorer.command"), name: "command", kind: "choice", onchange: (path) => open(path) });
  const text = field({ label: t("explorer.search"), name: "q", onchange: (value) => list(value) });
  const count = h("span", { class: "page-note", role: "status" });
  function list(looked, chosen = picker.value()) {
    const wanted = looked.trim().toLowerCase();
    const found = commands.filter((one) => !wanted || `${one.path} ${one.summary}`.toLowerCase().includes(wanted));
    const groups = Map.groupBy ? Map.groupBy(found, ({ tags }) => tags[0]) : grouped(found);
    fill(picker.input, [...groups].map(([service, all]) => h("optgroup", { label: service }, all.map((one) => h("option", { value: one.path }, one.operationId, one.deprecated ? ` (${t("explorer.old")})` : "")))));
    picker.put(found.some(({ path }) => path === chosen) ? chosen : (found[0]?.path ?? ""));
    fill(count, t("explorer.found", { found: num(found.length), all: num(commands.length) }));
    if (picker.value() !== shownPath) open(picker.value());
  }
  let shownPath = null;
  function open(path) {
    shownPath = path;
    const command = commands.find((one) => one.path === path);
    if (!command) {
      fill(place, h("p", { class: "note" }, t("explorer.none")));
      return;
    }
    note({ command: path });
    fill(place, one(command, api, session, signal));
  }
  fill(main, h("div", { class: "head" }, h("h1", null, t("nav.explorer"))), h("p", { class: "note" }, t("explorer.note", { admin: session.identifier })),
    h("section", { class: "card" }, h("form", { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() }, text.node, picker.node), count), place);
  list("", query.get("command") ?? "group_open_http_svc/get_group_info");
}

function grouped(commands) {
  const found = new Map();
  for (const one of commands) found.set(one.tags[0], [...(found.get(one.tags[0]) ?? []), one]);
  return found;
}

/** One command: what it is, its body, the answer, and the same call for a shell. */
function one(command, api, session, signal) {
  const example = command.requestBody.content["application/json"].example ?? {};
  const codes = command.responses["200"]["x-error-codes"] ?? {};
  const shell = codeBlock(t("explorer.curl")), answer = h("section", { class: "card", "aria-live": "polite", hidden: true });
  const body = field({
    label: t("explorer.body"), name: "body", kind: "area", mono: true, value: JSON.stringify(example, null, 2), hint: t("explorer.body.hint"),
    check: (text) => wrongJson(text), onchange: (text) => written(text),
  });
  body.input.rows = Math.min(24, Math.max(6, JSON.stringify(example, null, 2).split("\n").length + 1));
  const written = (text) => shell.show(curl(command.path, compact(text), session));
  const go = h("button", { type: "submit", class: "primary" }, t("explorer.send"));
  const form = h("form", { class: "card", onsubmit: async (event) => {
    event.preventDefault();
    if (!body.valid()) {
      body.input.focus();
      return;
    }
    if (LASTING.test(command.operationId) && !(await ask({ title: command.operationId, text: t("explorer.sure"), yes: t("explorer.send"), danger: true, act: () => {} }))) return;
    go.disabled = true;
    const begun = performance.now();
    try {
      showAnswer(answer, await send(command.path, body.value() || "{}", { signal }), codes, performance.now() - begun);
    } catch (fault) {
      tell(fault);
    } finally {
      go.disabled = false;
    }
  } }, h("h2", null, t("explorer.request")), body.node, h("div", { class: "row" }, go,
    h("button", { type: "button", onclick: () => {
      body.put(JSON.stringify(example, null, 2));
      written(body.value());
    } }, t("explorer.sample"))));
  written(body.value());
  return [
    h("section", { class: "card" }, h("h2", { class: "mono" }, command.path), h("div", { lang: "en" }, command.description.split("\n\n").map((part) => h("p", null, plain(part))))),
    h("div", { class: "grid two gap" }, form, h("div", null, answer, h("section", { class: "card" }, h("h2", null, t("explorer.same")), shell.node, h("p", { class: "note" }, t("explorer.curl.note"))))),
    h("section", { class: "card gap" }, h("h2", null, t("explorer.fields")), fieldsOf(command.requestBody.content["application/json"].schema, api)),
    h("section", { class: "card gap" }, h("h2", null, t("explorer.reply")), fieldsOf(replyOf(command), api)),
    h("section", { class: "card gap" }, h("details", null, h("summary", null, t("explorer.codes", { number: num(Object.keys(codes).length) })), table({
      caption: t("explorer.codes.title"), rows: Object.entries(codes),
      columns: [{ title: t("explorer.code"), cell: ([code]) => h("span", { class: "mono" }, code) }, { title: t("explorer.meaning"), wide: true, cell: ([code, text]) => meaning(code, text) }],
    }).node)),
  ];
}

function meaning(code, text) {
  return has(`code.${code}`) ? t(`code.${code}`) : h("span", { lang: "en" }, text);
}

function wrongJson(text) {
  try {
    const found = JSON.parse(text || "{}");
    return found && typeof found === "object" && !Array.isArray(found) ? "" : t("explorer.object");
  } catch (fault) {
    return t("explorer.json", { fault: fault.message });
  }
}

/** Return a body in one line, as it is where it is no JSON or has numbers that this language cannot hold. */
function compact(text) {
  if (/\d{16,}/.test(text)) return text;
  try {
    return JSON.stringify(JSON.parse(text || "{}"));
  } catch {
    return text;
  }
}

/** Show the answer as it came, and say what its code means. */
function showAnswer(place, text, codes, ms) {
  const code = codeBlock(t("explorer.answer"));
  code.show(pretty(text));
  const number = /"ErrorCode":\s*(-?\d+)/.exec(text)?.[1] ?? "?";
  const good = number === "0";
  place.hidden = false;
  fill(place, h("h2", null, t("explorer.answer")),
    h("p", null, h("span", { class: good ? "badge good" : "badge bad" }, good ? t("explorer.ok") : t("explorer.refused", { code: number })), " ", h("span", { class: "note" }, t("explorer.ms", { ms: num(Math.round(ms)) }))),
    !good && h("p", null, codes[number] ? meaning(number, codes[number]) : t("explorer.owncode")), code.node);
  place.scrollIntoView({ block: "nearest" });
}

function replyOf(command) {
  const [done] = command.responses["200"].content["application/json"].schema.oneOf;
  return done.allOf.at(-1);
}

/** Fields of a record, those of its parts below it. */
function fieldsOf(schema, api) {
  const rows = [...walk(schema, api, "", new Set())];
  return table({
    caption: t("explorer.fields"), rows, empty: t("explorer.nofields"),
    columns: [
      { title: t("explorer.field"), cell: (row) => h("span", null, h("span", { class: "mono" }, row.path), row.required && h("span", { class: "required", title: t("field.required") }, " *")) },
      { title: t("explorer.type"), cell: (row) => row.type },
      { title: t("explorer.limits"), cell: (row) => row.limits || "–" },
      { title: t("explorer.meaning"), wide: true, cell: (row) => h("span", { lang: "en" }, plain(row.about)) },
    ],
  }).node;
}

function plain(text) {
  return (text ?? "").replaceAll("`", "");
}

function resolved(schema, api) {
  if (schema.$ref) return { ...api.components.schemas[schema.$ref.split("/").at(-1)], ref: schema.$ref };
  const other = schema.anyOf?.find(({ type }) => type !== "null");
  return other ? { ...resolved(other, api), ...(schema.description ? { description: schema.description } : {}) } : schema;
}

function* walk(schema, api, prefix, seen) {
  const record = resolved(schema, api);
  if (seen.size > DEPTH || (record.ref && seen.has(record.ref))) return;
  const inside = new Set([...seen, record.ref ?? prefix]);
  for (const [name, raw] of Object.entries(record.properties ?? {})) {
    const part = resolved(raw, api), item = part.type === "array" && part.items ? resolved(part.items, api) : null;
    yield { path: prefix + name, required: record.required?.includes(name), type: item ? `${item.type ?? "any"}[]` : (part.type ?? "any"), limits: limits(part, item), about: raw.description ?? part.description };
    if (item?.properties) yield* walk(part.items, api, `${prefix}${name}[].`, inside);
    else if (part.properties) yield* walk(raw.anyOf ? part : raw, api, `${prefix}${name}.`, inside);
  }
}

function limits(part, item) {
  const said = [];
  if (part.maxItems !== undefined) said.push(t("explorer.items", { low: num(part.minItems ?? 0), high: num(part.maxItems) }));
  const leaf = item ?? part;
  if (leaf.enum) said.push(leaf.enum.join(", "));
  if (leaf["x-max-bytes"] !== undefined) said.push(t("explorer.bytes", { most: num(leaf["x-max-bytes"]) }));
  if (leaf.maxLength !== undefined) said.push(t("explorer.bytes", { most: num(leaf.maxLength) }));
  if (leaf.minimum !== undefined || leaf.maximum !== undefined) said.push(t("field.range", { low: num(leaf.minimum ?? 0), high: num(leaf.maximum) }));
  return said.join("; ");
}
