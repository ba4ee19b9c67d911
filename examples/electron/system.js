"use strict";
/* Runs what tsc makes of a module with a top-level await ("module": "system"), wherever there is require(). */
const { createRequire } = require("module");

exports.run = async (file) => {
  const near = createRequire(file);
  let names, declare;
  globalThis.System = { register: (...given) => ([names, declare] = given) };
  near(file);
  const { setters, execute } = declare(() => {}, {});
  names.forEach((name, at) => {
    const found = near(name);
    setters[at]({ ...found, default: found });
  });
  await execute();
};
