/* stack LIBRARY USER USERSIG KILOBYTES: JSON of all depths from a thread with little stack. */
#include "host.h"

static int depth(const char *open, const char *middle, const char *close, int levels)
{
    char *text = malloc(levels * (strlen(open) + strlen(close)) + 64), *end = text;
    struct answer answer;
    int code;

    for (int level = 0; level < levels; level++)
        end = stpcpy(end, open);
    end = stpcpy(end, middle);
    for (int level = 0; level < levels; level++)
        end = stpcpy(end, close);
    begin(&answer);
    code = wait_for(&answer, TIMGroupCreate(text, answered, &answer));
    free(text);
    return code;
}

static void *calls(void *nothing)
{
    for (int levels = 1; levels < 200000; levels *= 4) {
        printf("%d ", depth("[", "", "]", levels));
        printf("%d ", depth("{\"a\":", "1", "}", levels));
    }
    return nothing;
}

int main(int count, char **args)
{
    pthread_attr_t little;
    pthread_t thread;

    if (count != 5)
        return 2;
    open_library(args[1]);
    log_in(args[2], args[3]);
    pthread_attr_init(&little);
    if (pthread_attr_setstacksize(&little, 1024 * atoi(args[4])))
        return 3;
    pthread_create(&thread, &little, calls, NULL);
    pthread_join(thread, NULL);
    return TIMUninit();
}
