/* A group chat on the terminal through the C library, against `scripts/serve --demo`.
 *
 * qunzhu sdk build && qunzhu sdk header
 * cc -I. examples/c/chat.c -o chat -Lqunzhu-sdk -lImSDK -Wl,-rpath,$PWD/qunzhu-sdk -pthread
 * ./chat alice "$(qunzhu usersig alice --app 1400000000)"            # makes a group and prints its id
 * ./chat bob "$(qunzhu usersig bob --app 1400000000)" GROUP          # another terminal: joins it
 *
 * A line is sent; /history prints what was said; the end of the input, or /quit, leaves the group.
 * One process is one user: the library is one SDK.
 */

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "TIMCloud.h"

enum { APP = 1400000000, HISTORY = 20, LINE = 4096 };

/* What a call's callback told. The texts given to a callback are gone when it returns. */
struct answer {
    pthread_mutex_t mutex;
    pthread_cond_t told;
    bool done;
    int32_t code;
    char *text;
};

static struct answer answer = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0, NULL};

static void keep(int32_t code, const char *desc, const char *json_params, const void *user_data)
{
    struct answer *kept = (struct answer *)user_data;

    pthread_mutex_lock(&kept->mutex);
    kept->code = code;
    free(kept->text);
    kept->text = strdup(code ? desc : json_params);
    kept->done = true;
    pthread_cond_signal(&kept->told);
    pthread_mutex_unlock(&kept->mutex);
}

/* Wait for a call that began with this result; end the program where it failed. Returns its JSON. */
static const char *checked(const char *what, int began)
{
    if (began == TIM_SUCC) {
        pthread_mutex_lock(&answer.mutex);
        while (!answer.done)
            pthread_cond_wait(&answer.told, &answer.mutex);
        answer.done = false;
        pthread_mutex_unlock(&answer.mutex);
        if (answer.code == 0)
            return answer.text;
        began = answer.code;
    }
    fprintf(stderr, "%s: %d %s\n", what, began, answer.text ? answer.text : "");
    exit(1);
}

/* Write a text as JSON has it between quotes. */
static void escaped(char *to, size_t size, const char *from)
{
    char *end = to + size - 7;

    for (; *from && to < end; from++)
        if ((unsigned char)*from < ' ')
            to += sprintf(to, "\\u%04x", *from);
        else {
            if (*from == '"' || *from == '\\')
                *to++ = '\\';
            *to++ = *from;
        }
    *to = 0;
}

/* Return what stands behind a key in JSON of this server, which has no spaces there; NULL where there is no such key. */
static const char *value_of(const char *json, const char *key)
{
    char wanted[128];
    const char *found;

    snprintf(wanted, sizeof wanted, "\"%s\":", key);
    found = strstr(json, wanted);
    return found ? found + strlen(wanted) : NULL;
}

/* Print a JSON text without its quotes; an escaped character as it stands. Programs of more than a page use a library. */
static void print_text(const char *json)
{
    for (json++; *json && *json != '"'; json++) {
        if (*json == '\\')
            json++;
        putchar(*json);
    }
}

/* Print the messages of a JSON array, newest last. */
static void print_messages(const char *from, const char *end)
{
    const char *start = from, *at;
    int depth = 0;
    bool quoted = false;
    char *message;

    for (at = from; at < end && !(depth == 1 && *at == '}' && !quoted); at++)
        if (quoted)
            at += *at == '\\', quoted = *at != '"';
        else if (*at == '"')
            quoted = true;
        else if (*at == '{' && !depth++)
            start = at;
        else if (*at == '}')
            depth--;
    if (at >= end)
        return;
    print_messages(at + 1, end);
    message = strndup(start, at - start);
    if (value_of(message, kTIMTextElemContent) && value_of(message, kTIMMsgSender)) {
        print_text(value_of(message, kTIMMsgSender));
        fputs(": ", stdout);
        print_text(value_of(message, kTIMTextElemContent));
        putchar('\n');
    }
    free(message);
}

static void came(const char *json_msg_array, const void *user_data)
{
    (void)user_data;
    flockfile(stdout);
    print_messages(json_msg_array, json_msg_array + strlen(json_msg_array));
    fflush(stdout);
    funlockfile(stdout);
}

static void send_line(const char *group, const char *line)
{
    char text[LINE * 6 + 8], message[LINE * 6 + 256];

    escaped(text, sizeof text, line);
    snprintf(message, sizeof message, "{\"%s\":[{\"%s\":%d,\"%s\":\"%s\"}]}", kTIMMsgElemArray, kTIMElemType,
             kTIMElem_Text, kTIMTextElemContent, text);
    checked("send", TIMMsgSendMessage(group, kTIMConv_Group, message, NULL, keep, &answer));
}

static void history(const char *group)
{
    char asked[128];
    const char *found;

    snprintf(asked, sizeof asked, "{\"%s\":%d}", kTIMMsgGetMsgListParamCount, HISTORY);
    found = checked("history", TIMMsgGetMsgList(group, kTIMConv_Group, asked, keep, &answer));
    puts("-- history");
    came(found, NULL);
}

static void enter(char *group, size_t size, const char *wanted)
{
    char asked[256];
    const char *made;

    if (wanted) {
        snprintf(group, size, "%s", wanted);
        checked("join", TIMGroupJoin(group, "", keep, &answer));
        return;
    }
    snprintf(asked, sizeof asked, "{\"%s\":\"chat\",\"%s\":%d}", kTIMCreateGroupParamGroupName,
             kTIMCreateGroupParamAddOption, kTIMGroupAddOpt_Any);
    made = value_of(checked("create", TIMGroupCreate(asked, keep, &answer)), kTIMCreateGroupResultGroupId);
    snprintf(group, size, "%.*s", (int)strcspn(made + 1, "\""), made + 1);
}

int main(int count, char **words)
{
    char group[128], line[LINE];

    if (count < 3) {
        fprintf(stderr, "usage: %s USER USERSIG [GROUP]\n", words[0]);
        return 2;
    }
    TIMAddRecvNewMsgCallback(came, NULL);
    if (TIMInit(APP, "{}") != TIM_SUCC)
        return 1;
    checked("login", TIMLogin(words[1], words[2], keep, &answer));
    enter(group, sizeof group, count > 3 ? words[3] : NULL);
    printf("in %s\n", group);
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) && strcmp(line, "/quit\n")) {
        line[strcspn(line, "\n")] = 0;
        if (!strcmp(line, "/history"))
            history(group);
        else if (*line)
            send_line(group, line);
    }
    if (count > 3) /* the owner of a group cannot leave it */
        checked("quit", TIMGroupQuit(group, keep, &answer));
    return TIMUninit();
}
