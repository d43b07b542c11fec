// SPDX-License-Identifier: Apache-2.0
/* process_test.c -- the broker as a process: SIGHUP, SIGTERM, exit codes.
 *
 * Runs the mqttspec-broker that lies beside the test program, on ports that the
 * kernel chooses, with files in a folder of its own. Packets are typed in hex.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <libgen.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "security.h"
#include "tests/tests.h"
#include "version.h"

enum { PATIENCE_S = 20 }; /* generous: valgrind, busy machines */

static char folder[32];
static pid_t broker;
static FILE *broker_out;

/* A connection of a client, over TCP or TLS. */
struct line {
    int fd;
    SSL *ssl; /* NULL: TCP */
};

/* ---- files ----------------------------------------------------------------*/

/* in_folder gives the path of a file; good until the 16th call after it. */
static const char *in_folder(const char *name)
{
    static char paths[16][128];
    static int last;
    last = (last + 1) % 16;
    snprintf(paths[last], sizeof paths[last], "%s/%s", folder, name);
    return paths[last];
}

static FILE *create(const char *name)
{
    FILE *out = fopen(in_folder(name), "w");
    ck_assert_ptr_nonnull(out);
    fchmod(fileno(out), 0600);
    return out;
}

static void write_file(const char *name, const char *text)
{
    FILE *out = create(name);
    fputs(text, out);
    fclose(out);
}

static void write_users(const char *const names[], const char *password)
{
    FILE *out = create("users");
    for (int i = 0; names[i]; i++) {
        char hash[256];
        ck_assert_int_eq(
            security_hash_password(slice_of_text(password), hash, sizeof hash),
            0);
        fprintf(out, "%s:%s\n", names[i], hash);
    }
    fclose(out);
}

static void write_certificate(long serial)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    X509_gmtime_adj(X509_getm_notBefore(x), -60);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               (const unsigned char *)"broker", -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    ck_assert_int_gt(X509_sign(x, key, EVP_sha256()), 0);
    FILE *out = create("store.pem");
    PEM_write_X509(out, x);
    PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL);
    fclose(out);
    X509_free(x);
    EVP_PKEY_free(key);
}

/* ---- the process ----------------------------------------------------------*/

static void path_of_broker(char *out, size_t n)
{
    char self[512];
    ssize_t used = readlink("/proc/self/exe", self, sizeof self - 1);
    ck_assert_int_gt(used, 0);
    self[used] = '\0';
    snprintf(out, n, "%s/mqttspec-broker", dirname(self));
    ck_assert_msg(access(out, X_OK) == 0, "%s is not built", out);
}

/* start runs the broker with these arguments, its log in the folder. */
static void start(char *const arguments[])
{
    char path[600];
    int ends[2];
    path_of_broker(path, sizeof path);
    ck_assert_int_eq(pipe(ends), 0);
    broker = fork();
    if (broker == 0) {
        int log = open(in_folder("log"), O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(ends[1], 1);
        dup2(log, 2);
        close(ends[0]);
        execv(path, arguments);
        _exit(127);
    }
    close(ends[1]);
    broker_out = fdopen(ends[0], "r");
}

/* next_port reads where the next acceptor listens. */
static int next_port(void)
{
    char line[128] = "";
    ck_assert_ptr_nonnull(fgets(line, sizeof line, broker_out));
    const char *colon = strrchr(line, ':');
    ck_assert_msg(strncmp(line, "listening on ", 13) == 0 && colon, "%s", line);
    return atoi(colon + 1);
}

/* stop sends SIGTERM and returns the exit code. */
static int stop(void)
{
    int status = -1;
    kill(broker, SIGTERM);
    ck_assert_int_eq(waitpid(broker, &status, 0), broker);
    broker = 0;
    fclose(broker_out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* await_log waits for the n-th time that the log says something. */
static void await_log(const char *text, int n)
{
    for (int i = 0; i < PATIENCE_S * 50; i++) {
        char line[512];
        int seen = 0;
        FILE *in = fopen(in_folder("log"), "r");
        while (in && fgets(line, sizeof line, in))
            seen += strstr(line, text) != NULL;
        if (in)
            fclose(in);
        if (seen >= n)
            return;
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    }
    ck_abort_msg("the log does not say \"%s\"", text);
}

static void reload(const char *says, int n)
{
    kill(broker, SIGHUP);
    await_log(says, n);
}

/* ---- clients --------------------------------------------------------------*/

static struct line dial(int port)
{
    struct line line = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {PATIENCE_S, 0};
    setsockopt(line.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ck_assert_int_eq(connect(line.fd, (void *)&to, sizeof to), 0);
    return line;
}

/* dial_tls also tells the serial number of the broker's certificate. */
static struct line dial_tls(int port, long *serial)
{
    struct line line = dial(port);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    line.ssl = SSL_new(context);
    SSL_CTX_free(context);
    SSL_set_fd(line.ssl, line.fd);
    ck_assert_int_eq(SSL_connect(line.ssl), 1);
    X509 *shown = SSL_get1_peer_certificate(line.ssl);
    *serial = ASN1_INTEGER_get(X509_get0_serialNumber(shown));
    X509_free(shown);
    return line;
}

static void hang_up(struct line *line)
{
    SSL_free(line->ssl);
    close(line->fd);
}

static void put(struct line *line, const void *octets, size_t n)
{
    if (line->ssl)
        ck_assert_int_eq(SSL_write(line->ssl, octets, (int)n), (int)n);
    else
        ck_assert_int_eq(send(line->fd, octets, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* take_all reads n octets; returns how many came before the end. */
static size_t take_all(struct line *line, uint8_t *out, size_t n)
{
    size_t at = 0;
    while (at < n) {
        ssize_t got = line->ssl ? SSL_read(line->ssl, out + at, (int)(n - at))
                                : recv(line->fd, out + at, n - at, 0);
        if (got <= 0)
            break;
        at += (size_t)got;
    }
    return at;
}

static size_t from_hex(const char *hex, uint8_t *out)
{
    size_t n = 0;
    for (const char *at = hex; *at; at++) {
        char digits[3] = {at[0], at[1], '\0'};
        if (*at == ' ')
            continue;
        out[n++] = (uint8_t)strtoul(digits, NULL, 16);
        at++;
    }
    return n;
}

static void say(struct line *line, const char *hex)
{
    uint8_t octets[256];
    put(line, octets, from_hex(hex, octets));
}

static void hear(struct line *line, const char *hex)
{
    uint8_t octets[256], got[256] = {0};
    size_t n = from_hex(hex, octets);
    ck_assert_uint_eq(take_all(line, got, n), n);
    ck_assert_mem_eq(got, octets, n);
}

/* hear_reason reads one packet and returns the octet of it at `index`. */
static unsigned hear_reason(struct line *line, unsigned first, size_t index)
{
    uint8_t got[256];
    ck_assert_uint_eq(take_all(line, got, 2), 2);
    ck_assert_uint_eq(got[0], first);
    ck_assert_uint_lt(got[1], 128);
    ck_assert_uint_eq(take_all(line, got + 2, got[1]), got[1]);
    return got[index];
}

static void expect_end(struct line *line)
{
    uint8_t octet;
    ck_assert_uint_eq(take_all(line, &octet, 1), 0);
}

/* log_in sends CONNECT (5.0) with one letter as Client Identifier, user name of
 * three and password of six letters. Returns the Reason Code. */
static unsigned log_in(struct line *line, char client_id, const char *name,
                       const char *password)
{
    uint8_t packet[64];
    size_t n = from_hex("10 1B 0004 4D515454 05 C2 0000 00 0001", packet);
    packet[n++] = (uint8_t)client_id;
    n += from_hex("0003", packet + n);
    memcpy(packet + n, name, 3);
    n += 3 + from_hex("0006", packet + n + 3);
    memcpy(packet + n, password, 6);
    put(line, packet, n + 6);
    return hear_reason(line, 0x20, 3);
}

static void expect_alive(struct line *line)
{
    say(line, "C0 00");
    hear(line, "D0 00");
}

/* ---- tests ----------------------------------------------------------------*/

static void set_up(void)
{
    strcpy(folder, "/tmp/mqttspec-process-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    broker = 0;
}

static void tear_down(void)
{
    char command[128];
    if (broker)
        kill(broker, SIGKILL);
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

#define PUBLISH_T "32 06 0001 74 0001 00" /* QoS 1, to "t" */
#define RELOADED "certificates: reloaded"
#define NOT_RELOADED "not all could be reloaded"

/* SIGHUP: users, ACL and certificate are those of the files from now on; no
 * connection is lost, over TCP or TLS; what cannot be read stays as it was. */
START_TEST(sighup_reloads_without_dropping)
{
    char store[160], plain[] = "tcp://127.0.0.1:0";
    snprintf(store, sizeof store,
             "tcp://127.0.0.1:0?sslEnabled=true;keyStorePath=%s",
             in_folder("store.pem"));
    char *arguments[] = {"mqttspec-broker",
                         "--acceptor",
                         plain,
                         "--acceptor",
                         store,
                         "--users",
                         (char *)(uintptr_t)in_folder("users"),
                         "--acl",
                         (char *)(uintptr_t)in_folder("acl"),
                         NULL};
    long serial;
    write_users((const char *const[]){"ann", NULL}, "secret");
    write_file("acl", "topic readwrite t\n");
    write_certificate(1);
    start(arguments);
    int port = next_port(), tls_port = next_port();

    struct line ann = dial(port), safe = dial_tls(tls_port, &serial);
    ck_assert_int_eq(serial, 1);
    ck_assert_uint_eq(log_in(&ann, 'a', "ann", "secret"), 0);
    ck_assert_uint_eq(log_in(&safe, 'b', "ann", "secret"), 0);
    say(&ann, PUBLISH_T);
    ck_assert_uint_eq(hear_reason(&ann, 0x40, 1), 2);

    write_users((const char *const[]){"ann", "bob", NULL}, "change");
    write_file("acl", "user bob\ntopic readwrite t\n");
    write_certificate(2);
    reload(RELOADED, 1);
    expect_alive(&ann);
    expect_alive(&safe);
    say(&ann, PUBLISH_T);
    ck_assert_uint_eq(hear_reason(&ann, 0x40, 4), 0x87);
    struct line old = dial(port), bob = dial_tls(tls_port, &serial);
    ck_assert_int_eq(serial, 2);
    ck_assert_uint_eq(log_in(&old, 'c', "ann", "secret"), 0x86);
    ck_assert_uint_eq(log_in(&bob, 'd', "bob", "change"), 0);
    say(&bob, PUBLISH_T);
    ck_assert_uint_eq(hear_reason(&bob, 0x40, 1), 2);

    write_file("users", "nonsense\n");
    write_file("store.pem", "nonsense\n");
    reload(NOT_RELOADED, 1);
    expect_alive(&ann);
    expect_alive(&bob);
    struct line again = dial_tls(tls_port, &serial);
    ck_assert_int_eq(serial, 2);
    ck_assert_uint_eq(log_in(&again, 'e', "bob", "change"), 0);
    hang_up(&again);
    hang_up(&old);
    hang_up(&bob);
    hang_up(&safe);
    hang_up(&ann);
    ck_assert_int_eq(stop(), 0);
}
END_TEST

#define RETAINED_WILL_5                                                        \
    "10 15 0004 4D515454 05 26 0000 00 0001 61 00 0001 61 0001 31"
#define RETAINED_WILL_4 "10 13 0004 4D515454 04 26 0000 0001 62 0001 62 0001 32"
/* the session lives 1,000 s longer, the Will waits 900 s */
#define DELAYED_WILL                                                           \
    "10 1F 0004 4D515454 05 26 0000 05 11 000003E8 0001 63 05 18 00000384 "    \
    "0001 63 0001 33"

/* SIGTERM: 5.0 clients hear 0x8B, 3.x ones only the end; their Wills are
 * published because they did not say goodbye, but not those whose delay runs;
 * what is stored survives; the exit code is 0. */
START_TEST(sigterm_drains)
{
    char *arguments[] = {"mqttspec-broker",
                         "--acceptor",
                         "tcp://127.0.0.1:0",
                         "--sys-interval",
                         "0",
                         "--data",
                         (char *)(uintptr_t)in_folder("data"),
                         NULL};
    mkdir(in_folder("data"), 0700);
    start(arguments);
    int port = next_port();
    struct line five = dial(port), four = dial(port), late = dial(port);
    struct line polite = dial(port);
    say(&five, RETAINED_WILL_5);
    ck_assert_uint_eq(hear_reason(&five, 0x20, 3), 0);
    say(&four, RETAINED_WILL_4);
    hear(&four, "20 02 00 00");
    say(&late, DELAYED_WILL);
    ck_assert_uint_eq(hear_reason(&late, 0x20, 3), 0);
    say(&polite, "10 13 0004 4D515454 04 26 0000 0001 64 0001 64 0001 34");
    hear(&polite, "20 02 00 00");
    say(&polite, "E0 00");
    expect_end(&polite);

    ck_assert_int_eq(stop(), 0);
    ck_assert_uint_eq(hear_reason(&five, 0xE0, 2), 0x8B);
    expect_end(&five);
    ck_assert_uint_eq(hear_reason(&late, 0xE0, 2), 0x8B);
    expect_end(&late);
    expect_end(&four);

    start(arguments);
    struct line reader = dial(next_port());
    say(&reader, "10 0D 0004 4D515454 04 02 0000 0001 7A");
    hear(&reader, "20 02 00 00");
    say(&reader, "82 06 0001 0001 2B 00");
    hear(&reader, "90 03 0001 00");
    uint8_t got[12];
    ck_assert_uint_eq(take_all(&reader, got, 12), 12);
    bool a_first = got[4] == 'a';
    ck_assert_mem_eq(got + (a_first ? 0 : 6), "\x31\x04\x00\x01\x61\x31", 6);
    ck_assert_mem_eq(got + (a_first ? 6 : 0), "\x31\x04\x00\x01\x62\x32", 6);
    expect_alive(&reader);
    hang_up(&reader);
    hang_up(&polite);
    hang_up(&late);
    hang_up(&four);
    hang_up(&five);
    ck_assert_int_eq(stop(), 0);
}
END_TEST

/* Name and number, nothing else; $SYS says the same line. */
START_TEST(version_is_one_line)
{
    char *arguments[] = {"mqttspec-broker", "--version", NULL};
    char line[128] = "", none[8];
    int status = -1;
    start(arguments);
    ck_assert_ptr_nonnull(fgets(line, sizeof line, broker_out));
    ck_assert_str_eq(line, BROKER_VERSION "\n");
    ck_assert_ptr_null(fgets(none, sizeof none, broker_out));
    ck_assert_int_eq(waitpid(broker, &status, 0), broker);
    broker = 0;
    fclose(broker_out);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
END_TEST

Suite *suite_process(void)
{
    Suite *suite = suite_create("process");
    TCase *c = tcase_create("all");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_set_timeout(c, 3 * PATIENCE_S);
    tcase_add_test(c, sighup_reloads_without_dropping);
    tcase_add_test(c, sigterm_drains);
    tcase_add_test(c, version_is_one_line);
    suite_add_tcase(suite, c);
    return suite;
}
