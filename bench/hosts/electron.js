"use strict";
/* As much of Electron as the npm package asks for, in one process. What crosses is copied as Electron copies it. */
const Module = require("node:module");
const { EventEmitter } = require("node:events");

const answering = new Map();
const page = new EventEmitter();
const sender = {
  id: 1,
  send(channel, ...values) {
    const copies = structuredClone(values);
    setImmediate(() => page.emit(channel, {}, ...copies));
  },
};
const parts = {
  electron: {
    app: { isPackaged: false },
    ipcMain: {
      handle: (channel, answer) => answering.set(channel, answer),
      removeHandler: (channel) => answering.delete(channel),
    },
    ipcRenderer: {
      on: (channel, listener) => page.on(channel, listener),
      invoke: async (channel, ...values) =>
        structuredClone(await answering.get(channel)({ sender }, ...structuredClone(values))),
    },
  },
  "@electron/remote": { getCurrentWindow: () => ({ id: 1 }) },
  "@electron/remote/main": { initialize() {}, enable() {} },
};

const load = Module._load;
Module._load = (name, ...rest) => (Object.hasOwn(parts, name) ? parts[name] : load(name, ...rest));
// The package tells its progress on the console, and standard output is for the results.
console.log = console.info = () => {};
