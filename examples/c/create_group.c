/* Create a group through the C library, against `scripts/serve --demo`.
 *
 * qunzhu sdk build && qunzhu sdk header
 * cc -I. examples/c/create_group.c -o create_group -Lqunzhu-sdk -lImSDK -Wl,-rpath,$PWD/qunzhu-sdk -pthread
 * ./create_group alice "$(qunzhu usersig alice --app 1400000000)"
 */

#include <pthread.h>
#include <stdio.h>

#include "TIMCloud.h"

/* What a callback told, and whether it did: callbacks come on a thread of the library. */
struct answer {
    pthread_mutex_t mutex;
    pthread_cond_t told;
    bool done;
    int32_t code;
    char text[4096];
};

static void keep(int32_t code, const char *desc, const char *json_params, const void *user_data)
{
    struct answer *answer = (struct answer *)user_data;

    pthread_mutex_lock(&answer->mutex);
    answer->code = code;
    answer->done = true;
    /* The texts are gone when this function returns. */
    snprintf(answer->text, sizeof answer->text, "%s", code ? desc : json_params);
    pthread_cond_signal(&answer->told);
    pthread_mutex_unlock(&answer->mutex);
}

/* Wait for a call that began with this result, and return its code. */
static int32_t wait_for(struct answer *answer, int began)
{
    if (began != TIM_SUCC)
        return began;
    pthread_mutex_lock(&answer->mutex);
    while (!answer->done)
        pthread_cond_wait(&answer->told, &answer->mutex);
    answer->done = false;
    pthread_mutex_unlock(&answer->mutex);
    return answer->code;
}

int main(int count, char **words)
{
    static struct answer answer = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, ""};
    char group[512];
    int32_t code;

    if (count < 3) {
        fprintf(stderr, "usage: %s USER USERSIG [CONFIG_FOLDER]\n", words[0]);
        return 2;
    }
    snprintf(group, sizeof group, "{\"%s\": \"%s\"}", kTIMSdkConfigConfigFilePath, count > 3 ? words[3] : ".");
    if ((code = TIMInit(1400000000, group)) != TIM_SUCC) {
        printf("start: %d\n", code);
        return 1;
    }
    code = wait_for(&answer, TIMLogin(words[1], words[2], keep, &answer));
    if (code == 0) {
        snprintf(group, sizeof group, "{\"%s\": \"%s\", \"%s\": %d}", kTIMCreateGroupParamGroupName, "a first group",
                 kTIMCreateGroupParamGroupType, kTIMGroup_Public);
        code = wait_for(&answer, TIMGroupCreate(group, keep, &answer));
    }
    printf("%d %s\n", code, answer.text);
    TIMUninit();
    return code != 0;
}
