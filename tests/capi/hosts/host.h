/* What the C programs of the tests share: the library by dlopen as bindings open it, and calls that wait. */
#ifndef HOST_H
#define HOST_H

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void (*Callback)(int32_t code, const char *desc, const char *json, const void *user_data);

static void *library;

static void *find(const char *name)
{
    void *found = dlsym(library, name);
    if (!found) {
        fprintf(stderr, "%s: %s\n", name, dlerror());
        exit(90);
    }
    return found;
}

#define TIMInit ((int (*)(uint64_t, const char *))find("TIMInit"))
#define TIMUninit ((int (*)(void))find("TIMUninit"))
#define TIMGetSDKVersion ((const char *(*)(void))find("TIMGetSDKVersion"))
#define TIMGetServerTime ((uint64_t (*)(void))find("TIMGetServerTime"))
#define TIMGetLoginStatus ((int (*)(void))find("TIMGetLoginStatus"))
#define TIMLogin ((int (*)(const char *, const char *, Callback, const void *))find("TIMLogin"))
#define TIMLogout ((int (*)(Callback, const void *))find("TIMLogout"))
#define TIMGroupCreate ((int (*)(const char *, Callback, const void *))find("TIMGroupCreate"))
#define TIMGroupGetJoinedGroupList ((int (*)(Callback, const void *))find("TIMGroupGetJoinedGroupList"))
#define TIMMsgSendMessage \
    ((int (*)(const char *, int, const char *, char *, Callback, const void *))find("TIMMsgSendMessage"))

static void open_library(const char *path)
{
    library = dlopen(path, RTLD_LAZY | RTLD_LOCAL);
    if (!library) {
        fprintf(stderr, "%s\n", dlerror());
        exit(91);
    }
}

/* A call's answer. */
struct answer {
    pthread_mutex_t lock;
    pthread_cond_t came;
    int told;
    int32_t code;
    char text[4096];
};

static void answered(int32_t code, const char *desc, const char *json, const void *user_data)
{
    struct answer *answer = (struct answer *)user_data;
    pthread_mutex_lock(&answer->lock);
    answer->told++;
    answer->code = code;
    snprintf(answer->text, sizeof answer->text, "%s%s", desc, json);
    pthread_cond_signal(&answer->came);
    pthread_mutex_unlock(&answer->lock);
}

static void begin(struct answer *answer)
{
    memset(answer, 0, sizeof *answer);
    pthread_mutex_init(&answer->lock, NULL);
    pthread_cond_init(&answer->came, NULL);
}

/* Returns the code of a call that returned 0, else what it returned. */
static int wait_for(struct answer *answer, int returned)
{
    if (returned)
        return returned;
    pthread_mutex_lock(&answer->lock);
    while (!answer->told)
        pthread_cond_wait(&answer->came, &answer->lock);
    pthread_mutex_unlock(&answer->lock);
    return answer->code;
}

static void must(const char *what, struct answer *answer, int returned)
{
    int code = wait_for(answer, returned);
    if (code) {
        fprintf(stderr, "%s: %d %s\n", what, code, answer->text);
        exit(92);
    }
}

static void log_in(const char *user, const char *sig)
{
    struct answer answer;
    if (TIMInit(1400000000, "{}"))
        exit(93);
    begin(&answer);
    must("TIMLogin", &answer, TIMLogin(user, sig, answered, &answer));
}

#endif
