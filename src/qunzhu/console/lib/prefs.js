// What the browser remembers: language and colours. Without storage (private windows) it lasts as long as the page.

const memory = new Map();

/** Return a remembered value, or null. */
export function recall(name) {
  try {
    return localStorage.getItem(`qunzhu.${name}`) ?? memory.get(name) ?? null;
  } catch {
    return memory.get(name) ?? null;
  }
}

/** Remember a value. */
export function remember(name, value) {
  memory.set(name, value);
  try {
    localStorage.setItem(`qunzhu.${name}`, value);
  } catch {
    // it is remembered by this page only
  }
}

export const THEMES = ["auto", "light", "dark"];

/** Show the chosen colours: those of the system, light, or dark. */
export function applyTheme(theme = recall("theme") ?? "auto") {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

/** Return the chosen colours. */
export function themeNow() {
  const theme = recall("theme");
  return THEMES.includes(theme) ? theme : "auto";
}
