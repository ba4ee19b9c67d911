/* exits LIBRARY USER USERSIG MILLISECONDS HOW: end the process in the middle of calls of many threads, with status 7.
   HOW: exit, return, _exit, thread, callback, static */
#include "host.h"

static const char *how, *user, *sig;

static void *calls(void *nothing)
{
    static struct answer ignored[1];
    begin(ignored);
    for (;;) {
        TIMGroupGetJoinedGroupList(answered, ignored);
        usleep(500);
    }
    return nothing;
}

static void *exits(void *nothing)
{
    exit(7);
    return nothing;
}

static void last_callback(int32_t code, const char *desc, const char *json, const void *user_data)
{
    (void)code, (void)desc, (void)json, (void)user_data;
    exit(7);
}

/* As a program's static destructors do: stop the SDK when everything ends. It even works until then. */
static void stop(void)
{
    struct answer answer;

    if (strcmp(how, "static"))
        return;
    begin(&answer);
    must("TIMLogout", &answer, TIMLogout(answered, &answer));
    log_in(user, sig);
    if (TIMUninit())
        _exit(96);
}

int main(int count, char **args)
{
    pthread_t thread;

    if (count != 6)
        return 2;
    user = args[2], sig = args[3], how = args[5];
    atexit(stop);
    open_library(args[1]);
    log_in(args[2], args[3]);
    for (int number = 0; number < 8; number++)
        pthread_create(&thread, NULL, calls, NULL);
    usleep(1000 * atoi(args[4]));
    if (!strcmp(how, "exit") || !strcmp(how, "static"))
        exit(7);
    if (!strcmp(how, "_exit"))
        _exit(7);
    if (!strcmp(how, "thread"))
        pthread_create(&thread, NULL, exits, NULL);
    if (!strcmp(how, "callback"))
        TIMGroupGetJoinedGroupList(last_callback, NULL);
    if (strcmp(how, "return"))
        pause();
    return 7;
}
