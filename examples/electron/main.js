"use strict";
const { app, BrowserWindow } = require("electron");
const TimMain = require("im_electron_sdk");

const timMain = new TimMain({ sdkappid: 1400000000 });

app.whenReady().then(() => {
  const window = new BrowserWindow({ webPreferences: { nodeIntegration: true, contextIsolation: false } });
  timMain.enable(window.webContents);
  window.loadFile("index.html");
});
