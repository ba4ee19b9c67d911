// The call of a new group as others write it: curl, and the SDK's in TypeScript and Python.

const ROLE = { Admin: 300, Member: 200 };

/** A name that stands in the code as it is, without quotes. */
class Name {
  constructor(text) {
    this.text = text;
  }
}

/** Return a value as the language writes it. */
function written(value, language, indent = 0) {
  const step = language === "python" ? "    " : "  ", pad = step.repeat(indent + 1), end = step.repeat(indent);
  if (value instanceof Name) return value.text;
  if (Array.isArray(value)) {
    return value.length ? `[\n${value.map((one) => `${pad}${written(one, language, indent + 1)},`).join("\n")}\n${end}]` : "[]";
  }
  if (value && typeof value === "object") {
    const key = (name) => (language === "python" ? JSON.stringify(name) : name);
    return `{\n${Object.entries(value).map(([name, one]) => `${pad}${key(name)}: ${written(one, language, indent + 1)},`).join("\n")}\n${end}}`;
  }
  if (typeof value === "boolean" && language === "python") return value ? "True" : "False";
  return JSON.stringify(value);
}

/** Return the request as a shell writes it. */
export function curlCall(body, { sdkappid, identifier }) {
  const quoted = `'${JSON.stringify(body).replaceAll("'", "'\\''")}'`;
  const admin = /^[A-Za-z0-9_.-]+$/.test(identifier) ? identifier : `'${identifier.replaceAll("'", "'\\''")}'`;
  return [
    `SIG=$(qunzhu usersig ${admin} --app ${sdkappid})`,
    `curl "${location.origin}/v4/group_open_http_svc/create_group?sdkappid=${sdkappid}&identifier=${encodeURIComponent(identifier)}&usersig=$SIG&random=1&contenttype=json" \\`,
    `  -d ${quoted}`,
  ].join("\n");
}

/** Return the request under the SDK's names; options are names of its enums. */
function sdkParams(body, form) {
  const found = {};
  for (const { name, seed } of form.fields) {
    if (!(name in body) || !seed) continue;
    const value = body[name];
    if (name === "Type") found[seed] = new Name(`TIMGroupType.${form.sdk_options.Type[value]}`);
    else if (name === "ApplyJoinOption" || name === "InviteJoinOption") found[seed] = new Name(`TIMGroupAddOption.${form.sdk_options.Option[value]}`);
    else if (name === "SupportTopic" || name === "EnablePermission") found[seed] = true;
    else if (name === "AppDefinedData") found[seed] = value.map(({ Key, Value }) => ({ group_info_custom_string_info_key: Key, group_info_custom_string_info_value: Value }));
    else if (name === "MemberList") found[seed] = value.map(sdkMember);
    else found[seed] = value;
  }
  return found;
}

function sdkMember({ Member_Account, Role, NameCard }) {
  return { group_member_info_identifier: Member_Account, ...(Role ? { group_member_info_member_role: ROLE[Role] } : {}), ...(NameCard ? { group_member_info_name_card: NameCard } : {}) };
}

function owned(body, mark) {
  return body.Owner_Account ? [`${mark} the owner is who is logged in: log in as ${JSON.stringify(body.Owner_Account)}`] : [];
}

/** Return the SDK's call in TypeScript. */
export function typescriptCall(body, form) {
  const param = written({ params: sdkParams(body, form), data: "" }, "typescript");
  return [...owned(body, "//"), `const param: CreateGroupParams = ${param};`, "const result = await timRender.TIMGroupCreate(param);", "console.log(result.code, result.desc, result.json_param);"].join("\n");
}

/** Return the SDK's call in Python. */
export function pythonCall(body, form) {
  const param = written({ params: sdkParams(body, form), data: "" }, "python");
  return ["from qunzhu.tim import TIMGroupAddOption, TIMGroupType", "", ...owned(body, "#"), `param = ${param}`, "result = await tim.TIMGroupCreate(param)", 'print(result["code"], result["desc"], result["json_param"])'].join("\n");
}
