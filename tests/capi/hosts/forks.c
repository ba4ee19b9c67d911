/* forks LIBRARY USER USERSIG: a child of fork() gets codes, at once; its parent goes on. */
#include "host.h"

#include <sys/wait.h>

int main(int count, char **args)
{
    struct answer answer;
    int status;
    pid_t child;

    if (count != 4)
        return 2;
    open_library(args[1]);
    log_in(args[2], args[3]);
    child = fork();
    if (!child) {
        alarm(10);
        if (strlen(TIMGetSDKVersion()) < 3 || TIMInit(1, "{}") != -1 || TIMGetLoginStatus() != 3)
            _exit(1);
        _exit(TIMGroupGetJoinedGroupList(answered, &answer) == -1 && TIMUninit() == -1 ? 0 : 2);
    }
    if (waitpid(child, &status, 0) != child || status)
        return 1;
    begin(&answer);
    must("TIMGroupGetJoinedGroupList", &answer, TIMGroupGetJoinedGroupList(answered, &answer));
    return TIMUninit();
}
