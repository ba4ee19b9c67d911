// Texts in Chinese and English: i18n/<language>.json for the shell, i18n/<screen>.<language>.json for a screen of its own.

import { recall, remember } from "./prefs.js";

export const LANGUAGES = { zh: "中文", en: "English" };
const TAGS = { zh: "zh-CN", en: "en" };
const texts = new Map();
const loaded = new Set();
let language = "en";

/** Return the language that is shown: "zh" or "en". */
export function languageNow() {
  return language;
}

/** Return the language's tag for Intl and the lang attribute. */
export function localeNow() {
  return TAGS[language];
}

/** Return what the browser, or who sits before it, has chosen. */
export function preferred() {
  const chosen = recall("language");
  if (chosen in LANGUAGES) return chosen;
  return (navigator.languages ?? [navigator.language]).some((tag) => tag.toLowerCase().startsWith("zh")) ? "zh" : "en";
}

/** Show another language from the next element on that is made. */
export async function useLanguage(wanted) {
  language = wanted in LANGUAGES ? wanted : "en";
  remember("language", language);
  document.documentElement.lang = TAGS[language];
  texts.clear();
  const parts = [...loaded];
  loaded.clear();
  await Promise.all(["", ...parts.filter(Boolean)].map(loadTexts));
}

/** Load the texts of a screen; "" are those of the shell. */
export async function loadTexts(screen = "") {
  if (loaded.has(screen)) return;
  const wanted = language;
  const answer = await fetch(`i18n/${screen ? `${screen}.` : ""}${wanted}.json`);
  if (!answer.ok) throw new Error(`texts of ${screen || "the shell"}: ${answer.status}`);
  const found = await answer.json();
  if (wanted !== language) return;
  for (const [key, text] of Object.entries(found)) texts.set(key, text);
  loaded.add(screen);
}

/** Return a text; {name} in it is replaced. A key without a text is shown itself, so that it is seen. */
export function t(key, values = {}) {
  const text = texts.get(key) ?? key;
  return text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));
}

/** Say whether there is a text. */
export function has(key) {
  return texts.has(key);
}
