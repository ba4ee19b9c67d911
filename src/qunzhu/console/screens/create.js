// A new group: every parameter under its REST and its SDK name, checked at each key, with the equal calls to copy.

import { call, check, data } from "../lib/api.js";
import { add, fill, h } from "../lib/dom.js";
import { num } from "../lib/format.js";
import { has, t } from "../lib/i18n.js";
import { go } from "../lib/router.js";
import { codeBlock } from "../parts/copy.js";
import { field } from "../parts/form.js";
import { tell, toast, words } from "../parts/toast.js";
import { curlCall, pythonCall, typescriptCall } from "./create-code.js";

const COMMAND = "group_open_http_svc/create_group";
const AREAS = new Set(["Introduction", "Notification"]);
const FLAGS = new Set(["SupportTopic", "EnablePermission"]);
const WAIT_MS = 600;

export async function show(main, { query, signal, session }) {
  const form = await data("create-form", {}, { signal });
  const limits = Object.fromEntries(form.fields.map((one) => [one.name, one]));
  const made = {};
  const verdict = h("p", { class: "verdict", role: "status" });
  const submit = h("button", { type: "submit", class: "primary" }, t("nav.create"));
  const codes = { rest: codeBlock(t("create.rest")), curl: codeBlock("curl"), typescript: codeBlock(t("create.typescript")), python: codeBlock(t("create.python")) };
  const kindNow = () => form.kinds.find((one) => one.name === made.Type.value()) ?? form.kinds[1];
  let timer = 0, asked = new AbortController();
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    asked.abort();
  });

  for (const { name } of form.fields) {
    if (name === "AppDefinedData" || name === "MemberList") continue;
    made[name] = field({ ...look(name), label: labelOf(name), name, limits: limits[name], required: form.required.includes(name), onchange: changed, check: (value) => wrong(name, value) });
    add(made[name].node, h("div", { class: "seed" }, `REST ${name}`, limits[name].seed && [" · SDK ", limits[name].seed]));
  }
  made.Type.put(query.get("kind") && form.kinds.some(({ name }) => name === query.get("kind")) ? query.get("kind") : "Public");
  const custom = customFields(form, changed), members = memberRows(form, changed);

  function look(name) {
    if (name === "Type") {
      return { kind: "choice", options: form.kinds.map((one) => [one.name, `${t(`kind.${one.name}`)}${one.closed ? ` – ${t(`create.closed.${one.closed}`)}` : ""}`]) };
    }
    if (name === "ApplyJoinOption" || name === "InviteJoinOption") {
      return { kind: "choice", options: [["", t("create.default")], ...limits[name].enum.map((value) => [value, t(`option.${value}`)])] };
    }
    if (FLAGS.has(name)) return { kind: "flag" };
    if (AREAS.has(name)) return { kind: "area" };
    if (limits[name].type === "integer") return { kind: "number" };
    return { mono: name === "GroupId" };
  }
  /** What the kind and the plan allow beyond a field's own limits. */
  function wrong(name, value) {
    const kind = made.Type ? kindNow() : form.kinds[1];
    if (name === "GroupId" && value) return wrongId(form.ids, kind, value);
    if (name === "MaxMemberCount" && value && kind.max_members !== null && Number(value) > kind.max_members) return t("create.plan", { plan: form.plan, most: num(kind.max_members) });
    if (name === "Type" && kind.closed) return t(`create.closed.${kind.closed}`);
    return "";
  }
  /** Show which fields the chosen kind has, and what it takes where they are left alone. */
  function suit() {
    const kind = kindNow(), defaults = { apply: t(`option.${kind.apply.default}`), invite: t(`option.${kind.invite.default}`) };
    made.Type.hint(t(`create.kind.${kind.name}`));
    made.ApplyJoinOption.able(!kind.apply.fixed, kind.apply.fixed ? t("create.fixed") : "");
    made.ApplyJoinOption.hint(t(kind.apply.fixed ? "create.isfixed" : "create.isdefault", { value: defaults.apply }));
    made.InviteJoinOption.able(!kind.invite.fixed, kind.invite.fixed ? t("create.fixed") : "");
    made.InviteJoinOption.hint(t(kind.invite.fixed ? "create.isfixed" : "create.isdefault", { value: defaults.invite }));
    made.MaxMemberCount.able(kind.default_members !== null, kind.default_members === null ? t("create.uncounted") : "");
    made.MaxMemberCount.hint(kind.default_members === null ? t("create.uncounted") : t("create.isdefault", { value: num(kind.default_members) }));
    made.GroupId.hint(t(kind.topics ? "create.id.community" : "create.id", { reserved: form.ids.reserved, community: form.ids.community }));
    made.SupportTopic.able(kind.topics, kind.topics ? "" : t("create.only.community"));
    const topics = kind.topics && made.SupportTopic.value();
    made.EnablePermission.able(topics, topics ? "" : t("create.only.topics"));
    made.DefaultPermission.able(topics && made.EnablePermission.value(), t("create.only.permissions"));
    members.able(kind);
    custom.able(kind);
  }
  /** Return the body that the form stands for: what was left alone is left out. */
  function body() {
    const found = {};
    for (const { name } of form.fields) {
      if (name === "AppDefinedData") custom.into(found);
      else if (name === "MemberList") members.into(found);
      else if (!made[name].input.disabled) {
        const value = made[name].value();
        if (value === "" || value === false) continue;
        found[name] = FLAGS.has(name) ? 1 : limits[name].type === "integer" ? Number(value) : value;
      }
    }
    return found;
  }
  function valid() {
    return [...Object.values(made).filter((one) => !one.input.disabled).map((one) => one.valid()), custom.valid(), members.valid()].every(Boolean);
  }
  function changed() {
    suit();
    const now = body();
    codes.rest.show(JSON.stringify(now, null, 2));
    codes.curl.show(curlCall(now, session));
    codes.typescript.show(typescriptCall(now, form));
    codes.python.show(pythonCall(now, form));
    clearTimeout(timer);
    asked.abort();
    fill(verdict, "");
    verdict.className = "verdict";
    timer = setTimeout(() => tryOut(now), WAIT_MS);
  }
  /** Have the server say what it would answer: the same checks, accounts, ids in use and quotas. */
  async function tryOut(now) {
    if (!made.Name.value()) return;
    asked = new AbortController();
    try {
      const refusal = await check(COMMAND, now, { signal: asked.signal });
      verdict.className = refusal ? "verdict bad" : "verdict good";
      fill(verdict, refusal ? `${t("create.wouldnot")} ${words(refusal)}` : t("create.would"));
      blame(refusal);
    } catch (fault) {
      if (fault.name !== "AbortError") fill(verdict, words(fault));
    }
  }
  /** Put a refusal to the field that it names. */
  function blame(refusal) {
    const named = refusal ? Object.keys(made).find((name) => new RegExp(`: ${name}(:|\\.| )`).test(`${refusal.info} `)) : null;
    for (const [name, one] of Object.entries(made)) one.fault(name === named ? refusal.info : "");
  }

  const names = ["Type", "Name", "Owner_Account", "GroupId", "Introduction", "Notification", "FaceUrl"];
  const settings = ["MaxMemberCount", "ApplyJoinOption", "InviteJoinOption", "SupportTopic", "EnablePermission", "DefaultPermission"];
  const page = h("form", { class: "card", novalidate: true, onsubmit: async (event) => {
    event.preventDefault();
    if (!valid()) {
      page.querySelector('[aria-invalid="true"]')?.focus();
      return;
    }
    submit.disabled = true;
    try {
      const { GroupId } = await call(COMMAND, body());
      toast(t("create.done", { id: GroupId }), "good");
      go("groups", [GroupId]);
    } catch (refusal) {
      tell(refusal);
      blame(refusal);
    } finally {
      submit.disabled = false;
    }
  } }, names.map((name) => made[name].node), h("fieldset", null, h("legend", null, t("create.settings")), settings.map((name) => made[name].node)),
  custom.node, members.node, verdict, h("div", { class: "buttons" }, submit));
  fill(main, h("div", { class: "head" }, h("h1", null, t("nav.create"))),
    h("div", { class: "grid two" }, page, h("section", { class: "card", "aria-label": t("create.equal") }, h("h2", null, t("create.equal")), h("p", { class: "note" }, t("create.equal.note")), Object.values(codes).map((one) => one.node))));
  changed();
}

function labelOf(name) {
  return has(`field.${name}`) ? t(`field.${name}`) : name;
}

/** Return what is wrong with an id that somebody chooses: the rules of core/ids.py. */
export function wrongId(ids, kind, id) {
  if (!/^[\x20-\x7e]+$/.test(id)) return t("create.id.ascii", { most: ids.max_bytes });
  if (!kind.topics) return id.startsWith(ids.reserved) ? t("create.id.reserved", { reserved: ids.reserved }) : "";
  if (!id.startsWith(ids.community) || id.startsWith(ids.community_reserved)) return t("create.id.prefix", { community: ids.community, reserved: ids.community_reserved });
  if (id === ids.community) return t("create.id.empty", { community: ids.community });
  return id.includes(ids.topic_mark) ? t("create.id.topic", { mark: ids.topic_mark }) : "";
}

/** The app's own fields of groups, those that the kind has. */
function customFields(form, changed) {
  const node = h("fieldset", null, h("legend", null, t("field.AppDefinedData")), h("div", { class: "seed" }, "REST AppDefinedData · SDK create_group_param_custom_info"));
  const fields = form.group_fields.map((one) => ({ ...one, input: field({ label: one.key, limits: { "x-max-bytes": form.custom_value["x-max-bytes"] }, onchange: changed, mono: true }) }));
  add(node, fields.map((one) => one.input.node));
  if (!fields.length) add(node, h("p", { class: "note" }, t("create.nofields")));
  const given = () => fields.filter((one) => !one.input.input.disabled && one.input.value() !== "");
  return {
    node,
    able: (kind) => fields.forEach((one) => {
      const here = !one.kinds.length || one.kinds.includes(kind.name);
      one.input.able(here, here ? "" : t("create.otherkind"));
    }),
    valid: () => given().every((one) => one.input.valid()),
    into(found) {
      if (given().length) found.AppDefinedData = given().map((one) => ({ Key: one.key, Value: one.input.value() }));
    },
  };
}

/** First members, a row each: account, role, name card. */
function memberRows(form, changed) {
  const list = h("div"), rows = [];
  const most = form.fields.find(({ name }) => name === "MemberList").maxItems;
  const more = h("button", { type: "button", class: "small", onclick: () => {
    addRow();
    rows.at(-1).account.input.focus();
  } }, t("create.member.add"));
  const note = h("p", { class: "note" });
  let kind = null;
  function addRow() {
    if (rows.length >= most) return;
    const row = {
      account: field({ label: t("create.member"), required: true, limits: form.member.Member_Account, onchange: changed }),
      role: field({ label: t("create.role"), kind: "choice", options: roles(), onchange: changed }),
      card: field({ label: t("create.card"), limits: form.member.NameCard, onchange: changed }),
    };
    row.node = h("div", { class: "member-row", role: "group", "aria-label": t("create.member") }, row.account.node, row.role.node, row.card.node,
      h("button", { type: "button", class: "small", "aria-label": t("create.member.remove"), onclick: () => {
        rows.splice(rows.indexOf(row), 1);
        row.node.remove();
        more.focus();
        changed();
      } }, t("remove")));
    rows.push(row);
    list.append(row.node);
    changed();
  }
  function roles() {
    return [["", t("role.Member")], ...(kind?.has_admins ? [["Admin", t("role.Admin")]] : [])];
  }
  const node = h("fieldset", null, h("legend", null, t("field.MemberList")), h("div", { class: "seed" }, "REST MemberList · SDK create_group_param_group_member_array"), list, more, note);
  return {
    node,
    able(now) {
      if (now !== kind) {
        kind = now;
        rows.forEach((row) => row.role.options(roles()));
      }
      list.hidden = more.hidden = !now.takes_members;
      fill(note, now.takes_members ? t("create.members.note", { most: num(most) }) : t("create.members.none"));
      more.disabled = rows.length >= most;
    },
    valid: () => !kind?.takes_members || rows.every((row) => [row.account, row.card].map((one) => one.valid()).every(Boolean)),
    into(found) {
      if (!kind?.takes_members) return;
      const given = rows.filter((row) => row.account.value()).map((row) => ({
        Member_Account: row.account.value(), ...(row.role.value() ? { Role: row.role.value() } : {}), ...(row.card.value() ? { NameCard: row.card.value() } : {}),
      }));
      if (given.length) found.MemberList = given;
    },
  };
}
