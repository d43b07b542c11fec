/* SPDX-License-Identifier: Apache-2.0 */
/* test_tap.c -- the live tap between a client that errs and the broker; and
 * what dump and check write.
 */
#include <cjson/cJSON.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "commands.h"
#include "report/text.h"
#include "tests/scene.h"
#include "tests/stage.h"

static pid_t tap;
static FILE *tap_output;
static char report[] = "/tmp/mqttspec-tap-XXXXXX.json";
static char capture[] = "/tmp/mqttspec-tap-XXXXXX.pcap";

/* Starts the tap that was built beside this program. Returns its port. */
static int start_tap(int broker)
{
    char path[512], url[64], line[200] = "";
    int out[2];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 32);
    ck_assert_int_gt(n, 0);
    path[n] = '\0';
    strcpy(strrchr(path, '/'), "/mqttspec-tap");
    snprintf(url, sizeof url, "mqtt://127.0.0.1:%d", broker);
    close(mkstemps(report, 5));
    close(mkstemps(capture, 5));
    ck_assert_int_eq(pipe(out), 0);
    tap = fork();
    if (tap == 0) {
        dup2(out[1], 1);
        execl(path, "mqttspec-tap", "--listen", "0", "--target", url,
              "--report", report, "--write", capture, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    tap_output = fdopen(out[0], "r");
    ck_assert_ptr_nonnull(fgets(line, sizeof line, tap_output));
    ck_assert_ptr_nonnull(strstr(line, "listening on"));
    return atoi(strrchr(line, ':') + 1);
}

/* Ends the tap. Returns its exit code; what it said since is in `said`. */
static int stop_tap(char *said, size_t size)
{
    int status;
    kill(tap, SIGTERM);
    said[fread(said, 1, size - 1, tap_output)] = '\0';
    fclose(tap_output);
    waitpid(tap, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int speak(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    return fd;
}

static const char HELLO[] = "\x10\x0D\0\4MQTT\4\2\0\x3C\0\1t";

static cJSON *load_json(const char *path)
{
    struct text text = {0};
    ck_assert_int_eq(text_load(&text, path), 0);
    cJSON *json = cJSON_Parse(text.chars);
    text_clear(&text);
    ck_assert_ptr_nonnull(json);
    return json;
}

static int summary(const cJSON *json, const char *name)
{
    return cJSON_GetObjectItem(cJSON_GetObjectItem(json, "summary"), name)
        ->valueint;
}

/* A client that publishes with QoS 3 is named, with the statement. */
START_TEST(client_that_errs)
{
    char said[4096], in[64];
    int port = start_tap(stage_broker()), fd = speak(port);
    ck_assert_int_eq(send(fd, HELLO, sizeof HELLO - 1, 0), sizeof HELLO - 1);
    ck_assert_int_eq(recv(fd, in, sizeof in, 0), 4);
    send(fd, "\x36\5\0\1t\0\1", 7, 0);
    ck_assert_int_le(recv(fd, in, sizeof in, 0), 0); /* the broker closes */
    close(fd);
    ck_assert_int_eq(stop_tap(said, sizeof said), EXIT_FOUND);
    ck_assert_msg(strstr(said, "the client breaks 3.1.1/MQTT-3.3.1-4") != NULL,
                  "%s", said);
    cJSON *json = load_json(report);
    ck_assert_int_ge(summary(json, "broken"), 1);
    cJSON_Delete(json);
    remove(report);
    remove(capture);
}
END_TEST

/* A client that keeps the rules has a clean page, and its capture replays. */
START_TEST(client_that_keeps_the_rules)
{
    char said[4096], in[64];
    int broker = stage_broker(), port = start_tap(broker), fd = speak(port);
    ck_assert_int_eq(send(fd, HELLO, sizeof HELLO - 1, 0), sizeof HELLO - 1);
    ck_assert_int_eq(recv(fd, in, sizeof in, 0), 4);
    send(fd, "\x32\7\0\1t\0\1hi\xE0\0", 11, 0);
    ck_assert_int_eq(recv(fd, in, sizeof in, 0), 4);
    ck_assert_int_eq(recv(fd, in, sizeof in, 0), 0);
    close(fd);
    ck_assert_int_eq(stop_tap(said, sizeof said), EXIT_GOOD);
    cJSON *json = load_json(report);
    ck_assert_int_eq(summary(json, "broken"), 0);
    ck_assert_int_gt(summary(json, "kept"), 15);
    ck_assert_int_gt(summary(json, "not_judged"), 15);
    cJSON_Delete(json);
    struct outcome o = stage_run(capture, "mqtt", broker, "");
    ck_assert_msg(o.exit == EXIT_GOOD, "%s", outcome_text(&o));
    ck_assert_int_eq(outcome_count(&o, "MATCH"), 2);
    remove(report);
    remove(capture);
}
END_TEST

/* ---- mqttspec-broker --observe --------------------------------------------
 */

static char folder[64];

static const char *observed_file(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int observed_broker(const char *parameters)
{
    strcpy(folder, "/tmp/mqttspec-observe-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    return stage_broker_with(parameters, folder);
}

static void remove_observed(void)
{
    ck_assert_int_eq(remove(observed_file("clients.html")), 0);
    ck_assert_int_eq(remove(observed_file("clients.pcap")), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* The reference broker with --observe names who errs, live and in the end. */
START_TEST(broker_observes_an_error)
{
    char said[8192], in[64];
    int fd = speak(observed_broker(NULL));
    ck_assert_int_eq(send(fd, HELLO, sizeof HELLO - 1, 0), sizeof HELLO - 1);
    ck_assert_int_eq(recv(fd, in, sizeof in, 0), 4);
    send(fd, "\x36\5\0\1t\0\1", 7, 0);
    ck_assert_int_le(recv(fd, in, sizeof in, 0), 0); /* the broker closes */
    close(fd);
    ck_assert_int_eq(stage_end_broker(said, sizeof said), EXIT_FOUND);
    ck_assert_msg(strstr(said, "the client breaks 3.1.1/MQTT-3.3.1-4") != NULL,
                  "%s", said);
    struct text page = {0};
    ck_assert_int_eq(text_load(&page, observed_file("clients.html")), 0);
    ck_assert_ptr_nonnull(strstr(page.chars, "3.1.1/MQTT-3.3.1-4"));
    text_clear(&page);
    struct read_options options = {.path = observed_file("clients.pcap"),
                                   .is_quiet = true};
    ck_assert_int_eq(command_check(&options), EXIT_FOUND);
    remove_observed();
}
END_TEST

/* Behind it the broker is the same for whoever keeps the rules: over TCP and
 * WebSocket, plain and in TLS. */
START_TEST(broker_observes_good_clients)
{
    static const struct {
        const char *scheme;
        bool is_tls;
    } WAYS[] = {{"mqtt", false}, {"ws", false}, {"mqtts", true}, {"wss", true}};
    char said[8192], parameters[200], options[200] = "";
    if (WAYS[_i].is_tls) {
        const char *pem = stage_certificates();
        snprintf(parameters, sizeof parameters,
                 "sslEnabled=true;keyStorePath=%s", pem);
        snprintf(options, sizeof options, "--cafile %.*s/ca.pem",
                 (int)(strrchr(pem, '/') - pem), pem);
    }
    int port = observed_broker(WAYS[_i].is_tls ? parameters : NULL);
    struct outcome o =
        stage_run("captures/qos2.pcap", WAYS[_i].scheme, port, options);
    ck_assert_msg(o.exit == EXIT_GOOD, "%s", outcome_text(&o));
    ck_assert_int_eq(stage_end_broker(said, sizeof said), EXIT_GOOD);
    ck_assert_msg(strstr(said, ": 0 violations, 0 warnings") != NULL, "%s",
                  said);
    remove_observed();
}
END_TEST

/* ---- what is written ------------------------------------------------------
 */

static char *printed(int (*command)(const struct read_options *),
                     const struct read_options *options, int *exit)
{
    int saved = dup(1);
    FILE *out = tmpfile();
    fflush(stdout);
    dup2(fileno(out), 1);
    *exit = command(options);
    fflush(stdout);
    dup2(saved, 1);
    close(saved);
    fseek(out, 0, SEEK_END);
    size_t n = (size_t)ftell(out);
    char *text = calloc(1, n + 1);
    rewind(out);
    ck_assert_uint_eq(fread(text, 1, n, out), n);
    fclose(out);
    return text;
}

/* Each line of dump --json is one object with the promised members, and no
 * secret is in it. */
START_TEST(dump_json)
{
    struct read_options options = {.path = "captures/scram.pcap",
                                   .is_json = true};
    int exit, n = 0;
    char *text = printed(command_dump, &options, &exit);
    ck_assert_int_eq(exit, EXIT_GOOD);
    ck_assert_ptr_null(strstr(text, "n=anna"));
    for (char *line = strtok(text, "\n"); line;
         line = strtok(NULL, "\n"), n++) {
        static const char *const MEMBERS[] = {"frame", "time", "stream",
                                              "from",  "type", "mqtt"};
        cJSON *json = cJSON_Parse(line);
        ck_assert_msg(json != NULL, "%s", line);
        for (size_t i = 0; i < sizeof MEMBERS / sizeof MEMBERS[0]; i++)
            ck_assert_msg(cJSON_HasObjectItem(json, MEMBERS[i]), "%s", line);
        cJSON_Delete(json);
    }
    ck_assert_int_eq(n, 7);
    free(text);
}
END_TEST

/* check finds what is wrong in a capture, by its statement and frame. */
START_TEST(check_names_the_breach)
{
    const char *path = stage_shared("suricata-mqtt-events-invalid-qos.pcap");
    if (!path) {
        fprintf(stderr, "not tested, ../shared is not there: invalid-qos\n");
        return;
    }
    struct read_options options = {
        .path = path, .is_json = true, .is_quiet = true};
    int exit;
    char *text = printed(command_check, &options, &exit);
    ck_assert_int_eq(exit, EXIT_FOUND);
    cJSON *json = cJSON_Parse(text);
    ck_assert_int_eq(cJSON_GetObjectItem(json, "frame")->valueint, 8);
    ck_assert_str_eq(cJSON_GetObjectItem(json, "statement")->valuestring,
                     "3.1.1/MQTT-3.3.1-4");
    ck_assert_str_eq(cJSON_GetObjectItem(json, "who")->valuestring, "client");
    cJSON_Delete(json);
    free(text);
}
END_TEST

Suite *suite_tap(void)
{
    Suite *s = suite_create("tap");
    TCase *t = tcase_create("tap");
    tcase_add_checked_fixture(t, NULL, stage_stop);
    tcase_set_timeout(t, 30);
    tcase_add_test(t, client_that_errs);
    tcase_add_test(t, client_that_keeps_the_rules);
    tcase_add_test(t, broker_observes_an_error);
    tcase_add_loop_test(t, broker_observes_good_clients, 0, 4);
    tcase_add_test(t, dump_json);
    tcase_add_test(t, check_names_the_breach);
    suite_add_tcase(s, t);
    return s;
}
