"use strict";
/*
 * Stands in for Electron where there is none: one Node process is the main process and a page of it.
 *
 * What crosses between the two is what crosses in Electron: a request is answered through ipcMain.handle, events come
 * through webContents.send, later than the call that caused them, and everything is copied as Electron copies it
 * (structured clone), so that a function or a class instance that would not cross there does not cross here.
 *
 * IPC_TRACE=1 writes all of it to standard error, one JSON text per line.
 */
const { EventEmitter } = require("events");
const Module = require("module");

const WINDOW = 1;
const handlers = new Map();
const page = new EventEmitter();

function trace(what, channel, values) {
  if (process.env.IPC_TRACE) process.stderr.write(`${JSON.stringify({ ipc: what, channel, values })}\n`);
}

const webContents = {
  id: WINDOW,
  isDestroyed: () => false,
  send(channel, ...values) {
    trace("event", channel, values);
    const copies = structuredClone(values);
    setImmediate(() => page.emit(channel, { sender: ipcRenderer }, ...copies));
  },
};

const ipcMain = {
  handle(channel, handler) {
    if (handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`);
    handlers.set(channel, handler);
  },
  removeHandler: (channel) => handlers.delete(channel),
};

const ipcRenderer = {
  on: (channel, listener) => page.on(channel, listener),
  async invoke(channel, ...values) {
    trace("request", channel, values);
    const copies = structuredClone(values);
    await new Promise(setImmediate);
    const handler = handlers.get(channel);
    if (!handler) throw new Error(`Error invoking remote method '${channel}': no handler registered`);
    let answer;
    try {
      answer = await handler({ sender: webContents, processId: process.pid, frameId: WINDOW }, ...copies);
    } catch (fault) {
      throw new Error(`Error invoking remote method '${channel}': ${fault}`);
    }
    trace("answer", channel, [answer]);
    return structuredClone(answer);
  },
};

const modules = {
  electron: { app: { isPackaged: false }, ipcMain, ipcRenderer },
  "@electron/remote": { getCurrentWindow: () => ({ id: WINDOW }) },
  "@electron/remote/main": { initialize() {}, enable() {} },
};

const load = Module._load;
Module._load = (name, ...rest) => (Object.hasOwn(modules, name) ? modules[name] : load(name, ...rest));

module.exports = { webContents };
