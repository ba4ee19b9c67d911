/* A C program: host USER USERSIG. What it does is said in __init__.py. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef void (*callback)(int32_t code, const char *desc, const char *json_params, const void *user_data);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t called = PTHREAD_COND_INITIALIZER;
static bool answered;

static long long now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

static void check(const char *what, int code, const char *desc)
{
    if (code == 0)
        return;
    fprintf(stderr, "%s: %d %s\n", what, code, desc);
    exit(1);
}

static void on_answer(int32_t code, const char *desc, const char *json_params, const void *user_data)
{
    (void)json_params;
    check(user_data, code, desc);
    pthread_mutex_lock(&lock);
    answered = true;
    pthread_cond_signal(&called);
    pthread_mutex_unlock(&lock);
}

static void wait_for_answer(void)
{
    pthread_mutex_lock(&lock);
    while (!answered)
        pthread_cond_wait(&called, &lock);
    answered = false;
    pthread_mutex_unlock(&lock);
}

int main(int count, char **words)
{
    long long began = now();
    void *library = dlopen("./libImSDK.so", RTLD_LAZY | RTLD_LOCAL);
    int (*init)(uint64_t, const char *);
    int (*login)(const char *, const char *, callback, const void *);
    int (*create)(const char *, callback, const void *);
    char line[64];

    if (count < 3 || library == NULL) {
        fprintf(stderr, "%s\n", count < 3 ? "host USER USERSIG" : dlerror());
        return 1;
    }
    init = dlsym(library, "TIMInit");
    login = dlsym(library, "TIMLogin");
    create = dlsym(library, "TIMGroupCreate");
    check("TIMInit", init(1400000000, "{}"), "");
    check("TIMLogin", login(words[1], words[2], on_answer, "TIMLogin"), "at once");
    wait_for_answer();
    printf("%lld\n", now() - began);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        long calls = atol(line);
        for (long number = 0; number < calls; number++) {
            began = now();
            check("TIMGroupCreate", create("{\"create_group_param_group_name\":\"bench\"}", on_answer, "create"), "at once");
            wait_for_answer();
            printf("%s%lld", number ? "," : "[", now() - began);
        }
        puts("]");
        fflush(stdout);
    }
    return 0;
}
