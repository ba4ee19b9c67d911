/* outage LIBRARY USER USERSIG: call without a pause until the input ends; print each change of the codes.
   Signals stay as they are by default: one that the library lets through ends this process. */
#include "host.h"

#include <signal.h>

static const void *network_data = &library;

static void network(int32_t status, int32_t code, const char *desc, const void *user_data)
{
    printf("network %d %s\n", status, user_data == network_data && desc ? "" : "wrong");
    (void)code;
}

static void *until_input_ends(void *nothing)
{
    char byte;
    while (read(0, &byte, 1) > 0) {
    }
    exit(TIMUninit());
    return nothing;
}

/* Says in how many threads SIGPIPE waits for ever: those of the library that have sockets. */
static int threads_without_pipe(void)
{
    char path[64], line[256];
    unsigned long long blocked;
    int found = 0;
    FILE *file;

    for (int task = getpid(); task < getpid() + 64; task++) {
        snprintf(path, sizeof path, "/proc/self/task/%d/status", task);
        if (!(file = fopen(path, "r")))
            continue;
        while (fgets(line, sizeof line, file))
            if (sscanf(line, "SigBlk: %llx", &blocked) == 1 && blocked >> (SIGPIPE - 1) & 1)
                found++;
        fclose(file);
    }
    return found;
}

int main(int count, char **args)
{
    struct answer answer;
    pthread_t thread;
    int code, last = -100;

    if (count != 4)
        return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGPIPE, SIG_DFL);
    open_library(args[1]);
    ((void (*)(void (*)(int32_t, int32_t, const char *, const void *), const void *))find(
        "TIMSetNetworkStatusListenerCallback"))(network, network_data);
    log_in(args[2], args[3]);
    printf("blocked %d\n", threads_without_pipe());
    pthread_create(&thread, NULL, until_input_ends, NULL);
    for (;;) {
        begin(&answer);
        code = wait_for(&answer, TIMGroupGetJoinedGroupList(answered, &answer));
        if (code != last)
            printf("code %d\n", code);
        last = code;
        usleep(200);
    }
}
