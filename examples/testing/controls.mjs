// The double's controls from Node 18 or newer, without a package: functions to take into a test file.
//
//   qunzhu serve --demo
//   QUNZHU_URL=http://127.0.0.1:8140 QUNZHU_APP=1400000000 QUNZHU_ADMIN=administrator \
//       QUNZHU_USERSIG=$(qunzhu usersig administrator) node controls.mjs
const { QUNZHU_URL, QUNZHU_APP, QUNZHU_ADMIN, QUNZHU_USERSIG } = process.env;
const query = new URLSearchParams({
  sdkappid: QUNZHU_APP, identifier: QUNZHU_ADMIN, usersig: QUNZHU_USERSIG, random: '1', contenttype: 'json',
});

async function post(path, fields = {}) {
  const answer = await fetch(`${QUNZHU_URL}${path}?${query}`, { method: 'POST', body: JSON.stringify(fields) });
  if (answer.status === 404) throw new Error('the controls are off: qunzhu serve --controls');
  return answer.json();
}

const control = (name, fields) => post(`/double/${name}`, fields);
const rest = (command, fields) => post(`/v4/${command}`, fields);

// The next create_group is refused.
await control('faults', { add: [{ command: 'create_group', code: 10006, text: 'enough for today', times: 1 }] });
const refused = await rest('group_open_http_svc/create_group', { Type: 'Public', Name: 'Tea' });
console.log(refused.ErrorCode, refused.ErrorInfo);

// Ten days later.
await rest('group_open_http_svc/create_group', { Type: 'Public', Name: 'Tea' });
const { clock } = await control('clock', { advance: 10 * 86400 });
console.log(Math.round(clock.ahead / 86400), 'days ahead');

// As at first.
await control('reset');
console.log((await rest('group_open_http_svc/get_appid_group_list')).TotalCount, 'groups');
