// What the app used in a month, beside what its plan allows and what the month would have cost.

import { data } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { num, size } from "../lib/format.js";
import { has, localeNow, t } from "../lib/i18n.js";
import { note } from "../lib/router.js";
import { quotaBar } from "../parts/charts.js";
import { field } from "../parts/form.js";
import { graph } from "../parts/graph.js";
import { facts, table } from "../parts/table.js";
import { tell } from "../parts/toast.js";

const sum = (numbers) => Object.values(numbers).reduce((total, one) => total + one, 0);
const named = (key, plain) => (has(key) ? t(key) : plain);

export async function show(main, { query, signal }) {
  const wanted = Object.fromEntries(["month", "prices", "plan"].map((name) => [name, query.get(name) ?? ""]));
  const body = h("div");
  const choice = (name) => field({ label: t(`usage.choose.${name}`), name, kind: "choice", onchange: (value) => {
    wanted[name] = value;
    if (name === "prices") wanted.plan = "";
    note(wanted);
    read().catch((fault) => !signal.aborted && tell(fault));
  } });
  const fields = { month: choice("month"), prices: choice("prices"), plan: choice("plan") };
  let running = 0;
  async function read() {
    const mine = (running += 1);
    const found = await data("month", wanted, { signal });
    if (mine !== running || signal.aborted) return;
    const { statement } = found;
    fields.month.options(found.months.map((month) => [month, month]), statement.month);
    fields.prices.options(Object.entries(found.lists), statement.list_name);
    fields.plan.options(found.plans.map((plan) => [plan, plan === found.app_plan ? t("usage.own", { plan }) : plan]), statement.plan);
    fill(body, ...drawn(found));
  }
  fill(main, h("div", { class: "head" }, h("h1", null, t("nav.usage"))),
    h("form", { class: "filters", onsubmit: (event) => event.preventDefault() }, Object.values(fields).map(({ node }) => node)), body);
  await read();
}

function tile(name, value, more) {
  return h("section", { class: "card tile", "aria-label": name }, h("div", { class: "tile-name" }, name), h("div", { class: "tile-value" }, value), h("div", { class: "tile-more" }, more));
}

function drawn({ statement, caps, app_plan: appPlan }) {
  const { usage } = statement, { groups } = usage, days = usage.days.map(({ period }) => period.slice(5));
  const of = (pick) => usage.days.map(pick);
  return [
    h("div", { class: "grid tiles" },
      tile(t("usage.peak"), num(groups.peak), t("usage.peak.more", { existing: num(groups.existing) })),
      tile(t("usage.created"), num(groups.created), t("usage.created.more", { dissolved: num(groups.dissolved), net: num(groups.net) })),
      tile(t("usage.messages"), num(sum(usage.messages)), t("usage.messages.more", { deliveries: num(usage.deliveries) })),
      tile(t("usage.active"), num(usage.active), t("usage.active.more", { most: num(usage.active_max), online: num(usage.online_peak) })),
      tile(t("usage.members"), num(usage.members), t("usage.members.more", { joined: num(usage.joined), left: num(usage.left) })),
      tile(t("usage.bytes"), size(usage.bytes), t("usage.bytes.more", { added: size(usage.bytes_added) }))),
    h("div", { class: "grid two" },
      h("section", { class: "card" }, graph({ label: t("usage.graph.groups"), days, series: [
        { name: t("usage.existing"), values: of((day) => day.groups.existing) }, { name: t("usage.peakday"), values: of((day) => day.groups.peak) }] })),
      h("section", { class: "card" }, graph({ label: t("usage.graph.created"), days, series: [
        { name: t("usage.created"), values: of((day) => day.groups.created), columns: true }, { name: t("usage.dissolved"), values: of((day) => day.groups.dissolved), columns: true }] })),
      h("section", { class: "card" }, graph({ label: t("usage.graph.messages"), days, series: [{ name: t("usage.messages"), values: of((day) => sum(day.messages)), columns: true }] })),
      h("section", { class: "card" }, graph({ label: t("usage.graph.users"), days, series: [
        { name: t("usage.active"), values: of((day) => day.active) }, { name: t("usage.online"), values: of((day) => day.online_peak) }] }))),
    quotas(statement), bill(statement), kinds(usage), plan(caps, appPlan)];
}

function quotas({ quotas: all, plan: name }) {
  return h("section", { class: "card" }, h("h2", null, t("usage.quotas", { plan: name })), all.map(({ item, used, cap }) => quotaBar(named(`usage.cap.${item}`, item), used, cap)));
}

/** Return an amount of money; what no page says is unknown. */
function money(text, currency) {
  if (text === null || text === undefined) return t("usage.unknown");
  const options = currency ? { style: "currency", currency } : { minimumFractionDigits: 2 };
  return new Intl.NumberFormat(localeNow(), options).format(Number(text));
}

function bill({ bill: found, forecast, prices, notes, assumed, plan: name, finished }) {
  const lines = table({
    caption: t("usage.bill"), rows: found.lines,
    columns: [
      { title: t("usage.item"), wide: true, cell: (one) => (one.item === "plan" ? t("usage.line.plan", { plan: name }) : named(`usage.line.${one.item}`, named(`usage.cap.${one.item}`, one.item))) },
      { title: t("usage.used"), number: true, cell: (one) => num(one.used) },
      { title: t("usage.free"), number: true, cell: (one) => num(one.free) },
      { title: t("usage.blocks"), number: true, cell: (one) => (one.block ? `${num(one.blocks)} × ${num(one.block)}` : "–") },
      { title: t("usage.amount"), number: true, cell: (one) => money(one.amount, prices.currency) },
    ],
  });
  return h("section", { class: "card" }, h("h2", null, t("usage.bill")),
    h("p", { class: "note" }, prices.title, prices.since && ` · ${t("usage.since", { date: prices.since })}`, prices.until && ` · ${t("usage.until", { date: prices.until })}`, assumed && ` · ${t("usage.assumed", { plan: name })}`),
    lines.node,
    h("p", { class: "total" }, t(finished ? "usage.total" : "usage.sofar"), " ", h("b", null, money(found.total, prices.currency)), found.partial && h("span", { class: "badge warn" }, t("usage.partial"))),
    forecast && h("p", null, t("usage.forecast", { groups: num(forecast.groups), total: money(forecast.bill.total, prices.currency) })),
    h("details", null, h("summary", null, t("usage.notes")),
      h("ul", { lang: "en" }, notes.map((text) => h("li", null, text))),
      h("p", null, t("usage.sources")), h("ul", null, prices.sources.map((source) => h("li", null, /^https:\/\//.test(source) ? h("a", { href: source, rel: "noreferrer" }, source) : source)))));
}

function kinds(usage) {
  return h("section", { class: "card" }, h("h2", null, t("usage.kinds")), table({
    caption: t("usage.kinds"), rows: Object.entries(usage.kinds),
    columns: [
      { title: t("usage.kind"), cell: ([kind]) => t(`kind.${kind}`) },
      { title: t("usage.end"), number: true, cell: ([, one]) => num(one.existing) },
      { title: t("usage.most"), number: true, cell: ([, one]) => num(one.peak) },
      { title: t("usage.created"), number: true, cell: ([, one]) => num(one.created) },
      { title: t("usage.dissolved"), number: true, cell: ([, one]) => num(one.dissolved) },
      { title: t("usage.messages"), number: true, cell: ([kind]) => num(usage.messages[kind] ?? 0) },
    ],
  }).node);
}

function plan(caps, name) {
  const shown = (value) => (value === null ? t("usage.nocap") : value === true ? t("yes") : value === false ? t("no") : num(value));
  return h("section", { class: "card" }, h("h2", null, t("usage.plan", { plan: name })), facts(Object.entries(caps).map(([key, value]) => [named(`usage.cap.${key}`, key), shown(value)])));
}
