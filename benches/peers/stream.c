/* The peers of a latency stream, as little as libzmq needs: who sends, who takes, a plain copy over TCP, a bare sleep.
 *
 *   stream xpub|ring|push|tcp PORT SIZE MESSAGES MARK   sends; `ring` each message from memory of its own, as many as may wait
 *   stream sub|pull|drain PORT SIZE MESSAGES MARK  takes as many; prints messages, seconds from the first to the last, bytes
 *   stream sleep HERTZ SECONDS                     prints how late a bare sleep wakes, in µs: P99, and the worst 10 ms
 *   stream about                                   the library's version, and what sockets have unless somebody says
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define BLOCK (1 << 16)

static void check(int good, const char *what) {
    if (!good) {
        fprintf(stderr, "stream: %s: %s\n", what, zmq_strerror(errno));
        exit(1);
    }
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

/* The message belongs to the program and stays: nobody copies it, nobody frees it. */
static void keep(void *data, void *hint) { (void)data, (void)hint; }

static void *opened(void *context, int kind, const char *port, int mark, int binds) {
    char endpoint[64];
    void *it = zmq_socket(context, kind);
    int yes = 1;
    snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%s", port);
    zmq_setsockopt(it, ZMQ_SNDHWM, &mark, sizeof mark);
    zmq_setsockopt(it, ZMQ_RCVHWM, &mark, sizeof mark);
    if (kind == ZMQ_XPUB) zmq_setsockopt(it, ZMQ_XPUB_NODROP, &yes, sizeof yes);
    if (kind == ZMQ_SUB) zmq_setsockopt(it, ZMQ_SUBSCRIBE, "request", 7);
    check((binds ? zmq_bind(it, endpoint) : zmq_connect(it, endpoint)) == 0, endpoint);
    return it;
}

/* From `places` of memory in turn: with one of them all messages are the same, and never leave the processor's cache. */
static void send_all(int kind, const char *port, size_t size, long messages, int mark, int places) {
    void *context = zmq_ctx_new(), *it = opened(context, kind, port, mark, 1);
    char *data = memset(malloc(size * places), 'x', size * places), subscription[64];
    if (kind == ZMQ_XPUB) check(zmq_recv(it, subscription, sizeof subscription, 0) > 0, "no subscription");
    for (long sent = 0; sent < messages; sent++) {
        zmq_msg_t message;
        if (kind == ZMQ_XPUB) check(zmq_send(it, "request", 7, ZMQ_SNDMORE) == 7, "the topic");
        zmq_msg_init_data(&message, data + sent % places * size, size, keep, NULL);
        check(zmq_msg_send(&message, it, 0) >= 0, "the message");
    }
    zmq_close(it);
    zmq_ctx_term(context);
}

static void told(long messages, double seconds, double bytes) { printf("%ld %.6f %.0f\n", messages, seconds, bytes); }

static void take_all(int kind, const char *port, long messages, int mark) {
    void *context = zmq_ctx_new(), *it = opened(context, kind, port, mark, 0);
    double first = 0, bytes = 0;
    for (long taken = 0; taken < messages;) {
        zmq_msg_t message;
        zmq_msg_init(&message);
        check(zmq_msg_recv(&message, it, 0) >= 0, "receiving");
        bytes += zmq_msg_size(&message);
        taken += !zmq_msg_more(&message);
        if (taken == 1 && first == 0) first = now();
        zmq_msg_close(&message);
    }
    told(messages, now() - first, bytes);
    zmq_close(it);
    zmq_ctx_term(context);
}

static void copy(int sends, const char *port, double left) {
    static char block[BLOCK];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(atoi(port)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1, it = socket(AF_INET, SOCK_STREAM, 0);
    double first = now(), bytes = 0;
    setsockopt(it, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (sends) {
        check(bind(it, (void *)&address, sizeof address) == 0 && listen(it, 1) == 0, port);
        it = accept(it, NULL, NULL);
    } else {
        while (connect(it, (void *)&address, sizeof address) != 0) {
            check(now() - first < 30, "nobody listens");
            usleep(10000);
            close(it);
            it = socket(AF_INET, SOCK_STREAM, 0);
        }
        first = now();
    }
    while (bytes < left) {
        ssize_t some = sends ? write(it, block, left - bytes < BLOCK ? left - bytes : BLOCK) : read(it, block, BLOCK);
        check(some > 0, "the copy");
        bytes += some;
    }
    if (!sends) told(1, now() - first, bytes);
    close(it);
}

static int ascending(const void *one, const void *other) {
    double difference = *(const double *)one - *(const double *)other;
    return (difference > 0) - (difference < 0);
}

static void sleep_evenly(double hertz, double seconds) {
    long count = hertz * seconds, windows = seconds * 100, *woken = calloc(windows + 1, sizeof *woken);
    double *late = malloc(count * sizeof *late), worst = 0, each = hertz / 100;
    struct timespec start, due;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (long step = 0; step < count; step++) {
        long long nanos = start.tv_nsec + (long long)(step * 1e9 / hertz);
        due.tv_sec = start.tv_sec + nanos / 1000000000;
        due.tv_nsec = nanos % 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL);
        double after = now() - start.tv_sec - start.tv_nsec / 1e9;
        late[step] = after - step / hertz;
        if (after < seconds) woken[(long)(after * 100)]++;
    }
    qsort(late, count, sizeof *late, ascending);
    for (long window = 0; window < windows; window++) {
        double off = (woken[window] - each) / each;
        if (off < 0) off = -off;
        if (off > worst) worst = off;
    }
    printf("%ld %.1f %.1f %.0f\n", count, late[count / 2] * 1e6, late[(long)(count * 0.99)] * 1e6, worst * 100);
}

static int option(void *it, int name) {
    int value;
    size_t size = sizeof value;
    zmq_getsockopt(it, name, &value, &size);
    return value;
}

static void about(void) {
    int major, minor, patch;
    void *context = zmq_ctx_new(), *it = zmq_socket(context, ZMQ_XPUB);
    zmq_version(&major, &minor, &patch);
    printf("libzmq=%d.%d.%d io_threads=%d send_buffer=%d receive_buffer=%d\n", major, minor, patch,
           zmq_ctx_get(context, ZMQ_IO_THREADS), option(it, ZMQ_SNDBUF), option(it, ZMQ_RCVBUF));
}

int main(int count, char **words) {
    const char *what = count > 1 ? words[1] : "";
    if (!strcmp(what, "about")) return about(), 0;
    if (!strcmp(what, "sleep") && count == 4) return sleep_evenly(atof(words[2]), atof(words[3])), 0;
    if (count != 6) return fprintf(stderr, "stream: see the top of stream.c\n"), 64;
    size_t size = atol(words[3]);
    long messages = atol(words[4]);
    int mark = atoi(words[5]);
    if (!strcmp(what, "xpub")) send_all(ZMQ_XPUB, words[2], size, messages, mark, 1);
    else if (!strcmp(what, "ring")) send_all(ZMQ_XPUB, words[2], size, messages, mark, mark);
    else if (!strcmp(what, "push")) send_all(ZMQ_PUSH, words[2], size, messages, mark, 1);
    else if (!strcmp(what, "sub")) take_all(ZMQ_SUB, words[2], messages, mark);
    else if (!strcmp(what, "pull")) take_all(ZMQ_PULL, words[2], messages, mark);
    else copy(!strcmp(what, "tcp"), words[2], (double)size * messages);
    return 0;
}
