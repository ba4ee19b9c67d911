"use strict";
/*
 * A page, or the package without Electron, that does what it is told: one JSON text per line on standard input, one per
 * line on standard output. Run in a folder that has the package and the stub of Electron.
 *
 *   node page.js page|plain SDKAPPID
 *
 * {"id": 1, "method": "TIMGroupCreate", "args": [...]}   -> {"id": 1, "result": ...} or {"id": 1, "fault": ...}
 * {"id": 2, "ffi": "TIMGroupCreate", "args": [[type, value], ...], "returns": type}, past the package
 * {"id": 3, "called": true}                              -> the C functions that the package has called
 * {"id": 4, "exit": 0}
 *
 * {"$": what} in arguments stands for what JSON has not: see `special`. What a callback is told is told on: {"event":
 * its name, "args": [...]}.
 */
const path = require("node:path");
const readline = require("node:readline");
const { createRequire } = require("node:module");

const [kind, sdkappid] = process.argv.slice(2);
const near = createRequire(path.join(process.cwd(), "page.js"));
const LIBRARY = path.join(process.cwd(), "node_modules/im_electron_sdk/lib/linux/lib/libImSDK.so");

const say = (what) => process.stdout.write(`${JSON.stringify(what, plainly)}\n`);
const plainly = (key, value) => (typeof value === "bigint" || value?.isBigNumber ? value.toString() : value);
console.log = console.error; // standard output is for answers
const lateFaults = [];
process.on("unhandledRejection", (fault) => lateFaults.push(String(fault)));

near("./electron-stub");
const ffi = near("ffi-rs");
const called = watchCalls();
const target = kind === "page" ? openPage() : openPlain();

/* Notes every C function that the package calls. */
function watchCalls() {
  const names = new Set();
  const where = near.resolve("ffi-rs");
  const note = (given) => (names.add(given.funcName), ffi.load(given));
  require.cache[where].exports = { ...ffi, load: note };
  return names;
}

function openPage() {
  const TimMain = near("im_electron_sdk/dist/main");
  const TimRender = near("im_electron_sdk/dist/renderer");
  new TimMain({ sdkappid: Number(sdkappid) });
  const page = new TimRender();
  return (name) => page[name].bind(page);
}

function openPlain() {
  const TIM = near("im_electron_sdk/dist/tim");
  const tim = new TIM({ sdkappid: Number(sdkappid) });
  const managers = ["Timbase", "AdvanceMessage", "Conversation", "Friendship", "Group", "Signaling"].map((name) =>
    tim[`get${name}Manager`](),
  );
  return (name) => {
    const manager = managers.find((one) => typeof one[name] === "function");
    return manager[name].bind(manager);
  };
}

const special = {
  undefined: () => undefined,
  callback: ({ name }) => {
    return (...args) => say({ event: name, args });
  },
  nan: () => NaN,
  infinity: () => Infinity,
  bigint: ({ value }) => BigInt(value),
  long: ({ value }) => "长".repeat(value),
  deep: ({ value }) => {
    let nested = {};
    for (let level = 0; level < value; level++) nested = { nested };
    return nested;
  },
};

function revive(value) {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(revive);
  if (value.$) return special[value.$](value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revive(inner)]));
}

ffi.open({ library: "direct", path: LIBRARY });
const asC = {
  text: (value) => [ffi.DataType.String, value],
  int: (value) => [ffi.DataType.I32, value],
  long: (value) => [ffi.DataType.I64, value],
  flag: (value) => [ffi.DataType.Boolean, value],
  null: () => [ffi.DataType.I64, 0],
  room: () => [ffi.DataType.U8Array, Buffer.alloc(128)],
  callback: (name) => {
    const { String: text, I32, Void } = ffi.DataType;
    const paramsType = [I32, text, text, text];
    const told = (...args) => say({ event: name, args });
    return [ffi.funcConstructor({ paramsType, retType: Void }), told];
  },
};

function direct({ ffi: funcName, args, returns }) {
  const given = args.map(([type, value]) => asC[type](revive(value)));
  const retType = { int: ffi.DataType.I32, long: ffi.DataType.I64, void: ffi.DataType.Void }[returns];
  const paramsType = given.map(([type]) => type);
  return ffi.load({ library: "direct", funcName, retType, paramsType, paramsValue: given.map(([, value]) => value) });
}

async function run(order) {
  if (order.ffi) return direct(order);
  if (order.called) return [...called];
  return target(order.method)(...revive(order.args));
}

async function answer(order) {
  try {
    say({ id: order.id, result: (await run(order)) ?? null });
  } catch (fault) {
    say({ id: order.id, fault: fault instanceof Error ? `${fault}` : (fault ?? null) });
  }
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line);
  if ("exit" in order) process.stdout.write("", () => process.exit(lateFaults.length ? 3 : order.exit));
  else answer(order);
});
say({ ready: true });
