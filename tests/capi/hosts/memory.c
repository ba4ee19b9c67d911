/* memory LIBRARY USER USERSIG COUNT: so many calls of all sorts, after half as many for warming up.
   Prints by how many kilobytes the process has grown, and how many calls were answered in a second. */
#include "host.h"

#include <time.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t less = PTHREAD_COND_INITIALIZER;
static int open_calls;

static void done(int32_t code, const char *desc, const char *json, const void *user_data)
{
    (void)code, (void)desc, (void)json, (void)user_data;
    pthread_mutex_lock(&lock);
    open_calls--;
    pthread_cond_signal(&less);
    pthread_mutex_unlock(&lock);
}

static void tips(const char *json, const void *user_data)
{
    (void)json, (void)user_data;
}

static void until(int most)
{
    pthread_mutex_lock(&lock);
    while (open_calls > most)
        pthread_cond_wait(&less, &lock);
    pthread_mutex_unlock(&lock);
}

static void begins(int result, int wanted)
{
    if (result != wanted)
        exit(97);
}

static void calls(int count)
{
    typedef void (*Set)(void (*)(const char *, const void *), const void *);
    typedef int (*Json)(const char *, Callback, const void *);
    Set set = find("TIMSetGroupTipsEventCallback"), add = find("TIMAddRecvNewMsgCallback");
    Set take = find("TIMRemoveRecvNewMsgCallback");
    Json infos = find("TIMGroupGetGroupInfoList");
    char id[128];

    for (int number = 0; number < count; number++) {
        until(31);
        pthread_mutex_lock(&lock);
        open_calls += number % 8 < 4;
        pthread_mutex_unlock(&lock);
        switch (number % 8) {
        case 0: begins(TIMGroupGetJoinedGroupList(done, id), 0); break;
        case 1: begins(infos("[\"nowhere\", \"\\u7fa4\"]", done, id), 0); break;
        case 2: begins(infos("[1]", done, id), 0); break;
        case 3: begins(TIMGroupCreate("{\"unknown\": 1}", done, id), 0); break;
        case 4: begins(TIMGroupCreate("{", done, id), -3); break;
        case 5: set(number % 16 < 8 ? tips : NULL, id); break;
        case 6: add(tips, id), take(tips, NULL); break;
        case 7: begins(((int (*)(char *))find("TIMGetLoginUserID"))(id), 0); break;
        }
    }
    until(0);
}

static long resident(void)
{
    long size, pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || fscanf(file, "%ld %ld", &size, &pages) != 2)
        exit(98);
    fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(int count, char **args)
{
    struct timespec from, to;
    long before;
    double seconds;

    if (count != 5)
        return 2;
    open_library(args[1]);
    log_in(args[2], args[3]);
    calls(atoi(args[4]) / 2);
    before = resident();
    clock_gettime(CLOCK_MONOTONIC, &from);
    calls(atoi(args[4]));
    clock_gettime(CLOCK_MONOTONIC, &to);
    seconds = to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9;
    printf("%ld %.0f %ld\n", resident() - before, atoi(args[4]) / seconds, before);
    return TIMUninit();
}
