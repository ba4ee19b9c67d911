// The shell: language and colours, sign-in, menu, and which screen is shown.

import { session, whenSignedOut } from "./lib/api.js";
import { fill, h } from "./lib/dom.js";
import { LANGUAGES, languageNow, loadTexts, preferred, t, useLanguage } from "./lib/i18n.js";
import { applyTheme, remember, themeNow, THEMES } from "./lib/prefs.js";
import { go, here, link } from "./lib/router.js";
import { clearToasts, tell, toasts } from "./parts/toast.js";
import { FIRST, SCREENS } from "./screens.js";
import { signIn } from "./signin.js";

let who = null;
let leaving = new AbortController();
let main = null;
let menu = null;

/** Take what a link signs in with out of the address, so that neither history nor a copied address has it. */
function linkGiven() {
  const given = new URLSearchParams(location.hash.slice(1));
  const code = given.get("code"), usersig = given.get("usersig");
  if (!code && !usersig) return null;
  history.replaceState(null, "", link(FIRST));
  return code ? { code } : { sdkappid: Number(given.get("sdkappid")), identifier: given.get("identifier") ?? "", usersig };
}

async function start() {
  applyTheme();
  const given = linkGiven();
  await useLanguage(preferred());
  whenSignedOut(() => {
    if (who === null) return;
    who = null;
    draw();
    tell(new Error(t("signin.over")));
  });
  window.addEventListener("hashchange", arrived);
  try {
    const found = given ? await session.open(given) : await session.read();
    who = found.identifier ? found : null;
  } catch (fault) {
    who = null;
    if (given) {
      draw();
      tell(fault);
      return;
    }
  }
  draw();
}

/** A link that is opened where the console is open already signs in anew. */
async function arrived() {
  const given = linkGiven();
  if (!given) {
    show();
    return;
  }
  try {
    who = await session.open(given);
    draw();
  } catch (fault) {
    tell(fault);
  }
}

/** Draw the whole page anew: after a sign-in or sign-out, and in another language. */
function draw() {
  leaving.abort();
  main = h("main", { id: "main", tabindex: "-1" });
  const skip = h("a", { class: "skip", href: "#main", onclick: (event) => {
    event.preventDefault();
    main.focus();
  } }, t("skip"));
  menu = who && h("nav", { id: "menu", class: "menu", "aria-label": t("menu") },
    h("ul", null, SCREENS.map(({ id }) => h("li", null, h("a", { href: link(id), "data-screen": id }, t(`nav.${id}`))))));
  fill(document.body, skip, banner(), h("div", { class: who ? "frame" : "frame alone" }, menu, main), toasts());
  document.title = "qunzhu";
  if (who) show(false);
  else signIn(main, (found) => {
    who = found;
    draw();
    main.focus();
  });
}

function banner() {
  const opener = who && h("button", {
    class: "opener", type: "button", "aria-expanded": "false", "aria-controls": "menu",
    onclick: () => opener.setAttribute("aria-expanded", String(menu.classList.toggle("open"))),
  }, t("menu"));
  const language = h("select", { "aria-label": t("language"), onchange: async (event) => {
    await useLanguage(event.target.value);
    draw();
  } }, Object.entries(LANGUAGES).map(([id, name]) => h("option", { value: id, selected: id === languageNow(), lang: id === "zh" ? "zh-CN" : "en" }, name)));
  const theme = h("select", { "aria-label": t("theme"), onchange: (event) => {
    remember("theme", event.target.value);
    applyTheme(event.target.value);
  } }, THEMES.map((id) => h("option", { value: id, selected: id === themeNow() }, t(`theme.${id}`))));
  return h("header", { class: "banner" },
    h("a", { class: "brand", href: link(FIRST) }, h("img", { src: "icon.svg", alt: "", width: 24, height: 24 }), "qunzhu"),
    who && h("span", { class: "app" }, h("b", null, who.app_name || t("app")), " ", h("span", { class: "mono" }, who.sdkappid), " · ", who.plan),
    h("span", { class: "grow" }),
    language, theme,
    who && h("span", { class: "who" }, who.identifier),
    who && h("button", { type: "button", class: "small", onclick: signOut }, t("signout")),
    opener);
}

async function signOut() {
  try {
    await session.close();
  } catch (fault) {
    tell(fault);
    return;
  }
  who = null;
  draw();
}

/** Show the screen that the address names. */
async function show(moved = true) {
  if (!who) return;
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const { screen, parts, query } = here();
  const row = SCREENS.find(({ id }) => id === screen);
  if (!row) {
    go(FIRST);
    return;
  }
  if (moved) clearToasts();
  menu.classList.remove("open");
  document.querySelector(".opener")?.setAttribute("aria-expanded", "false");
  for (const item of menu.querySelectorAll("a")) {
    if (item.dataset.screen === row.id) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
  document.title = `${t(`nav.${row.id}`)} · qunzhu`;
  try {
    const [shown] = await Promise.all([row.load(), loadTexts(row.id)]);
    if (signal.aborted) return;
    fill(main);
    main.className = `screen-${row.id}`;
    await shown.show(main, { parts, query, signal, session: who });
  } catch (fault) {
    if (signal.aborted) return;
    fill(main, h("h1", null, t("fault.screen")), h("p", null, String(fault?.message ?? fault)));
  }
  if (moved && !signal.aborted) {
    const title = main.querySelector("h1");
    if (title) {
      title.tabIndex = -1;
      title.focus({ preventScroll: true });
    }
    window.scrollTo(0, 0);
  }
}

start().catch((fault) => fill(document.body, h("p", { class: "broken" }, String(fault))));
