// What the app's own server is told: how that is set, what waits to be sent, and what was given up.

import { act, data } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { num, pretty, when } from "../lib/format.js";
import { t } from "../lib/i18n.js";
import { poll } from "../lib/poll.js";
import { codeBlock } from "../parts/copy.js";
import { ask } from "../parts/dialog.js";
import { facts, pagedTable, table } from "../parts/table.js";
import { tabs } from "../parts/tabs.js";
import { tell, toast, words } from "../parts/toast.js";

const PAGE = 25, EVERY_MS = 3000;

export async function show(main, { query, signal, session }) {
  const fault = h("p", { class: "fault", role: "alert" });
  const tiles = ["sent", "failed", "waiting", "dead"].map((name) => {
    const value = h("div", { class: "tile-value" }, "–"), more = h("div", { class: "tile-more" });
    return { name, value, more, node: h("section", { class: "card tile", "aria-label": t(`callbacks.${name}`) }, h("div", { class: "tile-name" }, t(`callbacks.${name}`)), value, more) };
  });
  function draw(found) {
    fill(fault);
    for (const { name, value, more } of tiles) {
      value.textContent = num(found[name]);
      more.textContent = t(`callbacks.${name}.more`, { day: found.day });
    }
  }
  const first = await data("callbacks", { limit: 1 }, { signal });
  if (signal.aborted) return;
  draw(first);
  fill(main, h("div", { class: "head" }, h("h1", null, t("nav.callbacks"))), fault,
    h("div", { class: "grid tiles four" }, tiles.map(({ node }) => node)),
    h("section", { class: "card" }, tabs([
      { id: "waiting", title: t("callbacks.tab.waiting"), show: (panel, inside) => letters(panel, inside, false) },
      { id: "dead", title: t("callbacks.tab.dead"), show: (panel, inside) => letters(panel, inside, true) },
      { id: "settings", title: t("callbacks.tab.settings"), show: (panel) => settings(panel, first.settings, session) },
    ], { label: t("callbacks.tabs"), chosen: query.get("tab"), signal }).node));
  poll(async () => draw(await data("callbacks", { limit: 1 }, { signal })), EVERY_MS, signal, (refusal) => fill(fault, words(refusal)));
}

/** How callbacks are set, and with which command that is changed. */
function settings(panel, given, { sdkappid }) {
  const code = codeBlock(t("callbacks.change"));
  code.show(`qunzhu app set ${sdkappid} --callback-url http://127.0.0.1:9000/ --callback Group.CallbackAfterCreateGroup`);
  const switches = table({
    caption: t("callbacks.switches"), rows: given.switches.filter(({ there }) => there),
    columns: [
      { title: t("callbacks.command"), wide: true, cell: (one) => [h("span", { class: "mono" }, one.name), h("div", { class: "note", lang: "en" }, one.about)] },
      { title: t("callbacks.phase"), cell: (one) => t(`callbacks.phase.${one.phase}`) },
      { title: t("callbacks.on"), cell: (one) => h("span", { class: one.on ? "badge good" : "badge" }, t(one.on ? "option.On" : "option.Off")) },
    ],
  });
  fill(panel, given.url ? null : h("p", null, t("callbacks.nourl")), facts([
    ["URL", given.url && h("span", { class: "mono" }, given.url)], [t("callbacks.signed"), given.signed ? t("yes") : t("no")],
    [t("callbacks.block"), given.block ? t("yes") : t("no")], [t("callbacks.private"), given.private ? t("yes") : t("no")], [t("callbacks.tries"), num(given.tries)],
  ]), h("p", { class: "note spaced" }, t("callbacks.change.note")), code.node, h("h2", null, t("callbacks.switches")), switches.node);
}

/** A page of what waits, or of what was given up. */
async function letters(panel, signal, dead) {
  const again = () => shown.reload();
  const shown = pagedTable({
    caption: t(dead ? "callbacks.tab.dead" : "callbacks.tab.waiting"), empty: t(dead ? "callbacks.nodead" : "callbacks.nowaiting"), signal,
    load: async (next) => {
      const { callbacks, next: after } = await data("callbacks", { state: dead ? "dead" : "", limit: PAGE, next }, { signal });
      return { rows: dead ? callbacks : callbacks.filter(({ state }) => state === "waiting"), next: after || undefined };
    },
    columns: [
      { title: t("callbacks.number"), number: true, cell: (one) => one.num },
      { title: t("callbacks.command"), wide: true, cell: (one) => [h("b", { class: "mono" }, one.command), details(one)] },
      { title: t("callbacks.since"), cell: (one) => when(Math.floor(one.at_ms / 1000)) },
      { title: t("callbacks.tried"), number: true, cell: (one) => num(one.tries) },
      dead ? { title: t("callbacks.state"), cell: (one) => h("span", { class: one.state === "dead" ? "badge bad" : "badge warn" }, t(`callbacks.state.${one.state}`)) }
        : { title: t("callbacks.nextTry"), cell: (one) => (one.next_ms ? when(Math.floor(one.next_ms / 1000)) : t("callbacks.now")) },
      { title: t("callbacks.fault"), wide: true, cell: (one) => one.fault || "–" },
      { title: t("callbacks.acts"), actions: true, cell: (one) => h("div", { class: "row" },
        dead && one.state === "dead" && h("button", { type: "button", class: "small", onclick: () => retry([one.num]).then(again, tell) }, t("callbacks.retry")),
        h("button", { type: "button", class: "small danger", onclick: () => drop([one.num], one.command).then(again) }, t("callbacks.drop"))) },
    ],
  });
  fill(panel, h("div", { class: "row bar-of-acts" }, h("button", { type: "button", class: "small", onclick: again }, t("refresh")), h("span", { class: "grow" }),
    dead && h("button", { type: "button", onclick: () => retry(null).then(again, tell) }, t("callbacks.retryall")),
    dead && h("button", { type: "button", class: "danger", onclick: () => drop(null).then(again) }, t("callbacks.dropall"))), shown.node);
  await shown.restart();
}

function details(one) {
  const body = h("pre", { tabindex: "0", "aria-label": t("callbacks.body") }), query = h("pre", { tabindex: "0", "aria-label": t("callbacks.query") });
  const made = h("details", { ontoggle: () => {
    body.textContent = pretty(one.body) + (one.cut ? "\n…" : "");
    query.textContent = pretty(one.query);
  } }, h("summary", null, t("callbacks.body"), " · ", h("span", { class: "mono" }, one.lane)), h("div", { class: "code" }, body), h("div", { class: "note" }, t("callbacks.query")), h("div", { class: "code" }, query));
  return made;
}

async function retry(nums) {
  const { number } = await act("callbacks-retry", nums ? { nums } : { all: true });
  toast(t("callbacks.retried", { number: num(number) }), "good");
}

function drop(nums, command = "") {
  return ask({
    title: t(nums ? "callbacks.drop" : "callbacks.dropall"), text: nums ? t("callbacks.drop.text", { number: nums[0], command }) : t("callbacks.dropall.text"),
    yes: t("callbacks.drop"), danger: true,
    act: async () => {
      const { number } = await act("callbacks-drop", nums ? { nums } : { all: true });
      toast(t("callbacks.dropped", { number: num(number) }), "good");
    },
  });
}
