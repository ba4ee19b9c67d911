import TimRender from "im_electron_sdk/dist/renderer";
const timRenderInstance = new TimRender();
import { GroupParams,CreateGroupParams,GroupInfoCustemString,GroupMemberInfo,GroupMemberInfoCustemString } from "im_electron_sdk/dist/interfaces";

await timRenderInstance.TIMInit();
await timRenderInstance.TIMLogin({ userID: "alice", userSig: process.env.IM_USERSIG ?? "" });

let custom_info:GroupInfoCustemString = {
    group_info_custom_string_info_key: 'GroupTestData1',//必填
    group_info_custom_string_info_value: '登山'//必填
}

let member_custom_info:GroupMemberInfoCustemString = {
    group_member_info_custom_string_info_key:'MemberDefined1',//必填
    group_member_info_custom_string_info_value:'7',//必填
}

let member_info :GroupMemberInfo={
    group_member_info_identifier: 'bob',   //必填
    group_member_info_join_time: 0,// 选填
    group_member_info_member_role: 0,// 选填,参考[TIMGroupMemberRole]
    group_member_info_msg_flag: 0,// 选填
    group_member_info_msg_seq: 0,// 选填
    group_member_info_shutup_time: 0,// 选填
    group_member_info_name_card: '阿波',// 选填
    group_member_info_custom_info:[member_custom_info]// 选填
}

let group_param:GroupParams = {
    create_group_param_add_option: 0,// 选填
    create_group_param_group_name: '周末登山',  //必填
    create_group_param_group_type: 0,// 选填
    create_group_param_custom_info: [custom_info],// 选填
    create_group_param_face_url: 'https://example.com/face.png',// 选填
    create_group_param_group_member_array: [member_info],// 选填
    create_group_param_introduction: '每周六出发',// 选填
    create_group_param_notification: '七点集合'// 选填
}

let param:CreateGroupParams={
    params:group_param,
    data: ""
  }
let {code} = await timRenderInstance.TIMGroupCreate(param);

if(code == 0){
    // 创建成功
    console.log("创建成功");
}
