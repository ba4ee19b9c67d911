// Signing in with the UserSig of an administrator of the app.

import { session } from "./lib/api.js";
import { fill, h } from "./lib/dom.js";
import { t } from "./lib/i18n.js";
import { recall, remember } from "./lib/prefs.js";
import { field, submits } from "./parts/form.js";

/** Show the form; `done(who)` is told who has come in. */
export function signIn(main, done) {
  const app = field({
    label: t("signin.app"), name: "sdkappid", kind: "number", value: recall("app") ?? "", required: true, limits: { minimum: 1, maximum: 4294967295 },
  });
  const admin = field({
    label: t("signin.admin"), name: "identifier", value: recall("admin") ?? "administrator", required: true, autocomplete: "username",
    limits: { maxLength: 32, minLength: 1, pattern: "^[ -~]+$" },
  });
  const sig = field({ label: "UserSig", name: "usersig", kind: "password", required: true, autocomplete: "current-password", mono: true, hint: t("signin.sig") });
  const fault = h("p", { class: "fault", role: "alert" });
  const go = h("button", { type: "submit", class: "primary" }, t("signin.go"));
  const fields = [app, admin, sig];
  const form = h("form", { class: "card signin", novalidate: true },
    h("h1", null, t("signin.title")), fields.map((one) => one.node), fault, go,
    h("p", { class: "note" }, t("signin.help"), " ", h("code", null, "qunzhu console"), t("signin.help2")));
  submits(form, fields, go, fault, async () => {
    const who = await session.open({ sdkappid: Number(app.value()), identifier: admin.value(), usersig: sig.value().trim() });
    remember("app", app.value());
    remember("admin", admin.value());
    done(who);
  });
  fill(main, form);
  (app.value() ? sig : app).input.focus();
}
