// The console's screens: one row each, in the order of the menu.
//
// To add one:
//   1. screens/<id>.js exports  async function show(main, context)  and fills `main`.
//      context: parts (what stands behind the screen in the address: #/users/alice -> ["alice"]), query (URLSearchParams),
//               signal (aborted when the screen is left: give it to api calls, poll() and tabs()), session (who is signed in).
//   2. i18n/<id>.en.json and i18n/<id>.zh.json hold its texts; the same keys in both. They are loaded before show().
//   3. A row here, and its name in the menu as "nav.<id>" in i18n/en.json and i18n/zh.json.
//   Styles go into style.css (no style attributes: the policy forbids them). What no command tells is read from the
//   server by a row in edge/console_reads.py and api.data("<name>").

export const SCREENS = [
  { id: "overview", load: () => import("./screens/overview.js") },
  { id: "groups", load: () => import("./screens/groups.js") },
  { id: "create", load: () => import("./screens/create.js") },
];

/** Where the console begins. */
export const FIRST = "overview";
