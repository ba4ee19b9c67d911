"use strict";
/* The npm package in Node: a page's TimRender over IPC to TimMain and the library. What it does is said in __init__.py. */
const readline = require("node:readline");
require("./electron");

const [user, usersig] = process.argv.slice(2);
const param = { params: { create_group_param_group_name: "bench" }, data: "" };

function check(what, code, rest) {
  if (code === 0) return;
  process.stderr.write(`${what}: ${code} ${JSON.stringify(rest)}\n`);
  process.exit(1);
}

async function main() {
  const began = process.hrtime.bigint();
  const TimMain = require("im_electron_sdk/dist/main");
  const TimRender = require("im_electron_sdk/dist/renderer");
  new TimMain({ sdkappid: 1400000000 });
  const tim = new TimRender();
  check("TIMInit", await tim.TIMInit());
  const { code, ...rest } = await tim.TIMLogin({ userID: user, userSig: usersig });
  check("TIMLogin", code, rest);
  process.stdout.write(`${process.hrtime.bigint() - began}\n`);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const taken = [];
    for (let left = Number(line); left > 0; left -= 1) {
      const start = process.hrtime.bigint();
      const { code, ...rest } = await tim.TIMGroupCreate(param);
      taken.push(Number(process.hrtime.bigint() - start));
      check("TIMGroupCreate", code, rest);
    }
    process.stdout.write(`${JSON.stringify(taken)}\n`);
  }
}

main().then(() => process.exit(0)); // the package's native part keeps Node alive
