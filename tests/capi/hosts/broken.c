/* broken LIBRARY: print what functions return where the library cannot work. */
#include "host.h"

int main(int count, char **args)
{
    char id[128] = "kept";
    int login, user, group;

    if (count != 2)
        return 2;
    open_library(args[1]);
    ((void (*)(void *, void *))find("TIMSetGroupTipsEventCallback"))(answered, NULL);
    login = TIMLogin("x", "x", answered, NULL);
    user = ((int (*)(char *))find("TIMGetLoginUserID"))(id);
    group = TIMGroupCreate("{}", answered, NULL);
    printf("%s %d %d %d %d %d %d %d %s\n", TIMGetSDKVersion(), TIMInit(1, "{}"), login, user, group, TIMGetLoginStatus(),
           (int)TIMGetServerTime(), TIMUninit(), id);
    return 0;
}
