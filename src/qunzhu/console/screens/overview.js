// What the app has and does now: groups, quotas, who is online, messages a second, what was refused.

import { data } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { num } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { poll } from "../lib/poll.js";
import { link } from "../lib/router.js";
import { columns, quotaBar, sparkline } from "../parts/charts.js";
import { table } from "../parts/table.js";
import { words } from "../parts/toast.js";

const EVERY_MS = 2000, KEPT = 60;

/** A number that is shown large, with a line of how it went while the page is open. */
function tile(name, { line = true } = {}) {
  const value = h("div", { class: "tile-value" }, "–"), more = h("div", { class: "tile-more" }), chart = h("div");
  const seen = [];
  return {
    node: h("section", { class: "card tile", "aria-label": name }, h("div", { class: "tile-name" }, name), value, more, chart),
    show(number, text = "") {
      value.textContent = typeof number === "number" ? num(number) : number;
      more.textContent = text;
      if (!line || typeof number !== "number") return;
      seen.push(number);
      if (seen.length > KEPT) seen.shift();
      fill(chart, sparkline(seen, name));
    },
  };
}

const sum = (numbers) => Object.values(numbers).reduce((total, one) => total + one, 0);

export async function show(main, { signal }) {
  const tiles = {
    groups: tile(t("overview.groups")), net: tile(t("overview.net"), { line: false }), online: tile(t("overview.online")),
    messages: tile(t("overview.rate")), refused: tile(t("overview.refused")), deliveries: tile(t("overview.deliveries")),
  };
  const fault = h("p", { class: "fault", role: "alert" });
  const bars = h("section", { class: "card" }), month = h("section", { class: "card" }), more = h("section", { class: "card" });
  const kinds = table({
    caption: t("overview.kinds"),
    columns: [
      { title: t("overview.kind"), cell: ([kind]) => h("a", { href: link("groups", [], { kind }) }, t(`kind.${kind}`)) },
      { title: t("overview.existing"), number: true, cell: ([, one]) => num(one.groups.existing) },
      { title: t("overview.created"), number: true, cell: ([, one]) => num(one.groups.created) },
      { title: t("overview.dissolved"), number: true, cell: ([, one]) => num(one.groups.dissolved) },
      { title: t("overview.said"), number: true, cell: ([, one]) => num(one.messages) },
    ],
  });
  fill(main,
    h("div", { class: "head" }, h("h1", null, t("nav.overview"))), fault,
    h("div", { class: "grid tiles" }, Object.values(tiles).map((one) => one.node)),
    h("div", { class: "grid two" }, h("section", { class: "card" }, h("h2", null, t("overview.kinds")), kinds.node), bars, month, more));
  let before = null;

  function rate(now, of) {
    if (!before || now.day !== before.day || now.at_ms <= before.at_ms) return 0;
    return Math.max(0, ((of(now) - of(before)) * 1000) / (now.at_ms - before.at_ms));
  }
  function draw(now) {
    fill(fault);
    tiles.groups.show(now.today.existing, t("overview.peak", { peak: num(now.today.peak) }));
    const cap = now.bars.find((bar) => bar.name === "net_groups_a_day");
    tiles.net.show(`${now.today.net > 0 ? "+" : ""}${num(now.today.net)}`,
      t("overview.net.more", { created: num(now.today.created), dissolved: num(now.today.dissolved), cap: cap.cap === null ? t("overview.nocap") : num(cap.cap) }));
    tiles.online.show(now.online_users, t("overview.online.more", { sessions: num(now.sessions), peak: num(now.online_peak) }));
    tiles.messages.show(rate(now, (one) => sum(one.messages)), t("overview.rate.more", { today: num(sum(now.messages)) }));
    tiles.deliveries.show(rate(now, (one) => one.deliveries), t("overview.deliveries.more", { today: num(now.deliveries) }));
    if (now.server) tiles.refused.show(rate(now, (one) => one.server?.refused ?? 0), t("overview.refused.more", { refused: num(now.server.refused), answers: num(now.server.answers) }));
    else tiles.refused.show("–", t("overview.local"));
    kinds.update(Object.entries(now.kinds).map(([kind, groups]) => [kind, { groups, messages: now.messages[kind] ?? 0 }]));
    fill(bars, h("h2", null, t("overview.quotas")), now.bars.map((bar) => quotaBar(t(`overview.bar.${bar.name}`), bar.used, bar.cap)),
      quotaBar(t("overview.bar.peak", { month: now.month }), now.month_peak, now.free_groups),
      h("p", { class: "note" }, now.free_groups === null ? t("overview.unbilled") : t("overview.billed")));
    fill(month, h("h2", null, t("overview.month", { month: now.month })),
      h("h3", null, t("overview.messages.days")), columns(now.days.map((day) => [day.day, day.messages]), t("overview.messages.days")),
      h("h3", null, t("overview.created.days")), columns(now.days.map((day) => [day.day, day.created]), t("overview.created.days")),
      h("p", { class: "note" }, t("overview.active", { active: num(now.active), accounts: num(now.accounts) })));
    fill(more, h("h2", null, t("overview.errors")), refusals(now.server));
    before = now;
  }
  poll(async () => draw(await data("overview", {}, { signal })), EVERY_MS, signal, (refusal) => fill(fault, words(refusal)));
}

/** What was refused most often since the server's start, by all its apps. */
function refusals(server) {
  if (!server) return h("p", { class: "note" }, t("overview.local"));
  const shown = table({
    caption: t("overview.errors"), rows: server.refusals, empty: t("overview.noerrors"),
    columns: [
      { title: t("overview.code"), cell: (one) => h("span", { class: "mono" }, one.code) },
      { title: t("overview.command"), wide: true, cell: (one) => [h("span", { class: "mono" }, `${one.door} ${one.command}`), h("div", { class: "note" }, one.text)] },
      { title: t("overview.times"), number: true, cell: (one) => num(one.times) },
    ],
  });
  return [shown.node, h("p", { class: "note" }, t("overview.errors.note", { dropped: num(server.dropped) }))];
}
