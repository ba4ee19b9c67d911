// Addresses of screens: #/<screen>/<part>/<part>?name=value. Parts are any text, group ids among them.

/** Return what the address says: {screen, parts, query}. */
export function here(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  const [screen = "", ...parts] = path.split("/").map(decode);
  return { screen, parts, query: new URLSearchParams(query) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Return the address of a screen: link("groups", [id], {tab: "members"}). */
export function link(screen, parts = [], query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const text = new URLSearchParams(given).toString();
  return `#/${[screen, ...parts].map(encodeURIComponent).join("/")}${text ? `?${text}` : ""}`;
}

/** Go to a screen. */
export function go(screen, parts = [], query = {}) {
  location.hash = link(screen, parts, query);
}

/** Note something of this screen in its address, so that a reload shows the same, without leaving it. */
export function note(changes) {
  const { screen, parts, query } = here();
  const merged = { ...Object.fromEntries(query), ...changes };
  history.replaceState(null, "", link(screen, parts, merged));
}
