"use strict";
/* The example without Electron: main process and page in one Node process. */
require("./electron-stub");
const TimMain = require("im_electron_sdk");

new TimMain({ sdkappid: 1400000000 });
require("./system")
  .run(require.resolve("./out/group.js"))
  .then(
    () => process.exit(0), // what the package keeps for its callbacks would keep Node from ending
    (fault) => {
      console.error(fault);
      process.exit(1);
    },
  );
