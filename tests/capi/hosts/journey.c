/* journey LIBRARY USER USERSIG [FILE]: log in, make a group, write into it, log out. Nothing is printed that need not be.
   Exit status 0 where all of it worked. */
#include "host.h"

int main(int count, char **args)
{
    struct answer answer;
    char message[8192], id[128], group[64], text[256];
    char *found;

    if (count < 4)
        return 2;
    open_library(args[1]);
    log_in(args[2], args[3]);
    snprintf(group, sizeof group, "g%s%d", args[2], (int)getpid());
    snprintf(text, sizeof text, "{\"create_group_param_group_id\":\"%s\",\"create_group_param_group_name\":\"x\"}", group);
    begin(&answer);
    must("TIMGroupCreate", &answer, TIMGroupCreate(text, answered, &answer));
    snprintf(message, sizeof message, "{\"message_elem_array\":[{\"elem_type\":0,\"text_elem_content\":\"x\"}%s%s%s]}",
             count > 4 ? ",{\"elem_type\":4,\"file_elem_file_path\":\"" : "", count > 4 ? args[4] : "",
             count > 4 ? "\",\"file_elem_file_name\":\"x\"}" : "");
    begin(&answer);
    must("TIMMsgSendMessage", &answer, TIMMsgSendMessage(group, 2, message, id, answered, &answer));
    if (!id[0])
        return 94;
    begin(&answer);
    must("TIMGroupGetJoinedGroupList", &answer, TIMGroupGetJoinedGroupList(answered, &answer));
    found = strstr(answer.text, group);
    begin(&answer);
    must("TIMLogout", &answer, TIMLogout(answered, &answer));
    return found ? TIMUninit() : 95;
}
