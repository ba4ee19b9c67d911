// Calls of the server. A refusal is thrown with its code and text.

/** A refusal: a documented code and the server's text, or what the network said. */
export class Refusal extends Error {
  constructor(code, info, status = 200) {
    super(info);
    this.code = code;
    this.info = info;
    this.status = status;
  }
}

let onSignedOut = () => {};

/** Name what is done when a session is over. */
export function whenSignedOut(action) {
  onSignedOut = action;
}

async function ask(path, { method = "GET", body, signal, quiet = false } = {}) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      signal,
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      headers: { "x-qunzhu-console": "1", ...(body === undefined ? {} : { "content-type": "application/json" }) },
    });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Refusal(0, String(fault.message ?? fault), 0);
  }
  const found = await answer.json().catch((fault) => {
    if (fault.name === "AbortError") throw fault;
    throw new Refusal(0, `HTTP ${answer.status}`, answer.status);
  });
  if (answer.status === 401 && !quiet) onSignedOut();
  if (found.ErrorCode) throw new Refusal(found.ErrorCode, found.ErrorInfo, answer.status);
  return found;
}

/** Run a command of the REST API as the administrator: call("group_open_http_svc/create_group", {...}). */
export function call(command, fields = {}, { signal } = {}) {
  return ask(`api/${command}`, { method: "POST", body: fields, signal });
}

/** Say what a command would be answered, without doing it: null, or the refusal. */
export async function check(command, fields, { signal } = {}) {
  try {
    await ask(`check/${command}`, { method: "POST", body: fields, signal });
    return null;
  } catch (fault) {
    if (fault instanceof Refusal && fault.status === 200) return fault;
    throw fault;
  }
}

/** Read what no command tells: data("groups", {q: "team"}). */
export function data(name, query = {}, { signal } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const text = new URLSearchParams(given).toString();
  return ask(`data/${name}${text ? `?${text}` : ""}`, { signal });
}

const known = new Map();

/** Return the limits of a command's fields, in the words of JSON Schema: read once. */
export async function limitsOf(command) {
  if (!known.has(command)) known.set(command, await data("limits", { command }));
  return known.get(command);
}

/** POST to a path below /console/ that is neither a command nor a reading. */
export function post(path, body = {}, { signal } = {}) {
  return ask(path, { method: "POST", body, signal });
}

/** Do what is no command: act("usersig", {user: "alice"}). */
export function act(name, fields = {}, { signal } = {}) {
  return post(`do/${name}`, fields, { signal });
}

/** Use a control of the double: double("clock", {advance: 60}); without a name look at what is set. */
export function double(name = "", fields = {}, { signal } = {}) {
  return name ? post(`double/${name}`, fields, { signal }) : ask("double", { signal });
}

/** Send a command's body as it is, and return the answer's text as it came. */
export async function send(command, body, { signal } = {}) {
  const answer = await fetch(`api/${command}`, {
    method: "POST", signal, body, credentials: "same-origin", cache: "no-store",
    headers: { "x-qunzhu-console": "1", "content-type": "application/json" },
  }).catch((fault) => {
    if (fault.name === "AbortError") throw fault;
    throw new Refusal(0, String(fault.message ?? fault), 0);
  });
  if (answer.status === 401) onSignedOut();
  return answer.text();
}

export const session = {
  read: () => ask("session", { quiet: true }),
  open: (given) => ask("session", { method: "POST", body: given, quiet: true }),
  close: () => ask("session", { method: "DELETE", quiet: true }),
};
