#include "base/log_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/text.h"

enum { RING_BYTES = 4096, PATIENCE_MS = 20000 };

static int open_memory(void)
{
    int file = memfd_create("log", MFD_CLOEXEC);
    assert_true(file >= 0);
    return file;
}

/* All of the file, terminated; the caller frees it. */
static char *file_text(int file, size_t *len)
{
    struct stat status;
    assert_int_equal(fstat(file, &status), 0);
    *len = (size_t)status.st_size;
    char *text = xcalloc(1, *len + 1);
    assert_int_equal(pread(file, text, *len, 0), *len);
    return text;
}

static void assert_file_holds(int file, const char *expected)
{
    size_t len;
    char *text = file_text(file, &len);
    assert_string_equal(text, expected);
    free(text);
}

static void await_dropped(struct log_writer *writer, uint64_t count)
{
    uint64_t deadline_ms = clock_ms() + PATIENCE_MS;
    while (log_writer_dropped(writer) < count && clock_ms() < deadline_ms)
        sched_yield();
    assert_true(log_writer_dropped(writer) == count);
}

static void lines_arrive_in_order_each_with_its_newline(void **state)
{
    (void)state;
    int file = open_memory();
    struct log_writer *writer = log_writer_create(file, 1, RING_BYTES);
    struct log_ring *ring = log_writer_ring(writer, 0);
    assert_true(log_ring_write(ring, SPAN("one")));
    assert_true(log_ring_write(ring, (struct span){NULL, 0}));
    assert_true(log_ring_write(ring, SPAN("three")));
    log_writer_destroy(writer);
    assert_file_holds(file, "one\n\nthree\n");
    close(file);
}

static void the_longest_line_fills_the_ring_and_a_longer_one_is_dropped(void **state)
{
    (void)state;
    char line[RING_BYTES];
    memset(line, 'x', sizeof(line));
    int file = open_memory();
    struct log_writer *writer = log_writer_create(file, 1, RING_BYTES);
    struct log_ring *ring = log_writer_ring(writer, 0);
    assert_false(log_ring_write(ring, (struct span){line, RING_BYTES}));
    assert_true(log_ring_write(ring, (struct span){line, RING_BYTES - 1}));
    assert_true(log_writer_dropped(writer) == 1);
    log_writer_destroy(writer);
    struct stat status;
    assert_int_equal(fstat(file, &status), 0);
    assert_int_equal(status.st_size, RING_BYTES);
    close(file);
}

static void nothing_is_lost_when_destroyed_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        int file = open_memory();
        struct log_writer *writer = log_writer_create(file, 3, RING_BYTES);
        for (size_t i = 0; i < 3; i++) {
            for (int line = 0; line < 100; line++)
                assert_true(log_ring_write(log_writer_ring(writer, i), SPAN("0123456789")));
        }
        log_writer_destroy(writer);
        struct stat status;
        assert_int_equal(fstat(file, &status), 0);
        assert_int_equal(status.st_size, 3 * 100 * 11);
        close(file);
    }
}

static void a_writer_without_rings_or_lines_may_be_destroyed(void **state)
{
    (void)state;
    int file = open_memory();
    log_writer_destroy(NULL);
    log_writer_destroy(log_writer_create(file, 0, RING_BYTES));
    log_writer_destroy(log_writer_create(file, 4, RING_BYTES));
    assert_file_holds(file, "");
    close(file);
}

/* As many lines as arrived, each written while the writer goes to sleep after the one before. */
static int ping(int count)
{
    int ends[2], arrived = 0;
    char text[8];
    if (pipe(ends) != 0)
        return -1;
    struct log_writer *writer = log_writer_create(ends[1], 1, RING_BYTES);
    while (arrived < count && log_ring_write(log_writer_ring(writer, 0), SPAN("ping")) &&
           read(ends[0], text, sizeof(text)) == 5 && memcmp(text, "ping\n", 5) == 0)
        arrived++;
    log_writer_destroy(writer);
    close(ends[0]);
    close(ends[1]);
    return arrived;
}

static void a_sleeping_writer_is_woken_by_each_line(void **state)
{
    (void)state;
    assert_int_equal(ping(200), 200);
}

/* This process and its threads have no membarrier(2) any more, as in a container that is strict. */
static bool forbid_barriers(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = {.len = COUNT_OF(steps), .filter = steps};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
           syscall(SYS_membarrier, 0, 0, 0) == -1;
}

static void so_it_is_where_the_kernel_gives_no_barrier_for_others(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(forbid_barriers() && ping(200) == 200 ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Reads lines "producer number xxx…" until the end and checks that each is whole and that the
 * numbers of a producer only grow. */
struct reader {
    int descriptor;
    uint64_t lines, torn;
    unsigned long last[4];
};

static size_t filler_length(unsigned long number)
{
    return number * 7 % 90;
}

static void check_line(struct reader *reader, const char *line)
{
    unsigned long producer, number;
    char *rest;
    producer = strtoul(line, &rest, 10);
    number = strtoul(rest, &rest, 10);
    size_t filler = *rest == ' ' ? strspn(rest + 1, "x") : SIZE_MAX;
    bool is_whole = producer < COUNT_OF(reader->last) && filler == filler_length(number) &&
                    rest[1 + filler] == '\n' && number > reader->last[producer];
    reader->lines++;
    reader->torn += !is_whole;
    if (is_whole)
        reader->last[producer] = number;
}

static void *read_lines(void *arg)
{
    struct reader *reader = arg;
    char line[256];
    FILE *file = fdopen(reader->descriptor, "r");
    while (file && fgets(line, sizeof(line), file))
        check_line(reader, line);
    if (file)
        fclose(file);
    return NULL;
}

struct producer {
    struct log_ring *ring;
    unsigned long id;
    uint64_t accepted, refused;
};

static bool write_numbered(struct log_ring *ring, unsigned long producer, unsigned long number)
{
    static const char filler[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                                 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    char line[160];
    int len = snprintf(line, sizeof(line), "%lu %lu %.*s", producer, number,
                       (int)filler_length(number), filler);
    return log_ring_write(ring, (struct span){line, (size_t)len});
}

static void *produce(void *arg)
{
    struct producer *producer = arg;
    for (unsigned long number = 1; number <= 20000; number++) {
        if (write_numbered(producer->ring, producer->id, number))
            producer->accepted++;
        else
            producer->refused++;
        if (number % 16 == 0)
            sched_yield();
    }
    return NULL;
}

static void four_producers_tear_no_line_and_every_line_is_written_or_counted(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct reader reader = {.descriptor = ends[0]};
    struct log_writer *writer = log_writer_create(ends[1], 4, 64 * KIB);
    struct producer producers[4] = {0};
    pthread_t reading, producing[4];
    assert_int_equal(pthread_create(&reading, NULL, read_lines, &reader), 0);
    for (size_t i = 0; i < 4; i++) {
        producers[i] = (struct producer){.ring = log_writer_ring(writer, i), .id = i};
        assert_int_equal(pthread_create(&producing[i], NULL, produce, &producers[i]), 0);
    }
    uint64_t accepted = 0, refused = 0;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(producing[i], NULL), 0);
        accepted += producers[i].accepted;
        refused += producers[i].refused;
    }
    assert_true(log_writer_dropped(writer) == refused);
    log_writer_destroy(writer);
    close(ends[1]);
    assert_int_equal(pthread_join(reading, NULL), 0);
    assert_true(accepted + refused == UINT64_C(4) * 20000);
    assert_true(reader.torn == 0);
    assert_true(reader.lines == accepted);
}

static void a_full_ring_drops_and_counts_and_takes_lines_again_later(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
    struct log_writer *writer = log_writer_create(ends[1], 1, RING_BYTES);
    struct log_ring *ring = log_writer_ring(writer, 0);
    uint64_t accepted = 0, refused = 0;
    unsigned long number = 0;
    while (refused < 1000 && number < 100000) {
        if (write_numbered(ring, 0, ++number))
            accepted++;
        else
            refused++;
    }
    assert_true(refused == 1000);
    assert_true(log_writer_dropped(writer) == refused);

    struct reader reader = {.descriptor = ends[0]};
    pthread_t reading;
    assert_int_equal(pthread_create(&reading, NULL, read_lines, &reader), 0);
    uint64_t deadline_ms = clock_ms() + PATIENCE_MS;
    while (!write_numbered(ring, 0, ++number) && clock_ms() < deadline_ms)
        sched_yield();
    log_writer_destroy(writer);
    close(ends[1]);
    assert_int_equal(pthread_join(reading, NULL), 0);
    assert_true(reader.torn == 0);
    assert_true(reader.lines == accepted + 1);
    assert_true(reader.last[0] == number);
}

static void a_nonblocking_descriptor_loses_nothing(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 4096) >= 4096);
    struct log_writer *writer = log_writer_create(ends[1], 1, 256 * KIB);
    for (unsigned long number = 1; number <= 2000; number++)
        assert_true(write_numbered(log_writer_ring(writer, 0), 0, number));
    struct reader reader = {.descriptor = ends[0]};
    pthread_t reading;
    assert_int_equal(pthread_create(&reading, NULL, read_lines, &reader), 0);
    log_writer_destroy(writer);
    close(ends[1]);
    assert_int_equal(pthread_join(reading, NULL), 0);
    assert_true(reader.torn == 0);
    assert_true(reader.lines == 2000);
}

static void a_reader_that_hangs_does_not_stop_the_end(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    struct log_writer *writer = log_writer_create(ends[1], 1, 256 * KIB);
    for (unsigned long number = 1; number <= 2500; number++)
        assert_true(write_numbered(log_writer_ring(writer, 0), 0, number));
    uint64_t before_ms = clock_ms();
    log_writer_destroy(writer);
    assert_in_range(clock_ms() - before_ms, 1900, PATIENCE_MS);
    close(ends[0]);
    close(ends[1]);
}

static void after_a_move_lines_go_to_the_new_descriptor_only(void **state)
{
    (void)state;
    int files[2] = {open_memory(), open_memory()};
    struct log_writer *writer = log_writer_create(files[0], 1, RING_BYTES);
    struct log_ring *ring = log_writer_ring(writer, 0);
    assert_true(log_ring_write(ring, SPAN("before")));
    log_writer_move(writer, files[1]);
    struct stat before, after;
    assert_int_equal(fstat(files[0], &before), 0);
    assert_true(log_ring_write(ring, SPAN("after")));
    log_writer_destroy(writer);
    assert_int_equal(fstat(files[0], &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    if (before.st_size > 0) {
        assert_file_holds(files[0], "before\n");
        assert_file_holds(files[1], "after\n");
    } else {
        assert_file_holds(files[1], "before\nafter\n");
    }
    close(files[0]);
    close(files[1]);
}

static void moving_under_load_tears_and_loses_nothing(void **state)
{
    (void)state;
    enum { FILES = 20 };
    int files[FILES];
    for (size_t i = 0; i < FILES; i++)
        files[i] = open_memory();
    struct log_writer *writer = log_writer_create(files[0], 1, 64 * KIB);
    struct producer producer = {.ring = log_writer_ring(writer, 0)};
    pthread_t producing;
    assert_int_equal(pthread_create(&producing, NULL, produce, &producer), 0);
    for (size_t i = 1; i < FILES; i++)
        log_writer_move(writer, files[i]);
    assert_int_equal(pthread_join(producing, NULL), 0);
    log_writer_destroy(writer);
    struct reader reader = {0};
    for (size_t i = 0; i < FILES; i++) {
        assert_int_equal(lseek(files[i], 0, SEEK_SET), 0);
        reader.descriptor = files[i];
        (void)read_lines(&reader);
    }
    assert_true(reader.torn == 0);
    assert_true(reader.lines == producer.accepted);
}

static void lines_that_cannot_be_written_are_counted(void **state)
{
    (void)state;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC), file = open_memory();
    assert_true(full >= 0);
    struct log_writer *writer = log_writer_create(full, 1, RING_BYTES);
    struct log_ring *ring = log_writer_ring(writer, 0);
    assert_true(log_ring_write(ring, SPAN("lost")));
    assert_true(log_ring_write(ring, SPAN("lost too")));
    await_dropped(writer, 2);
    log_writer_move(writer, file);
    assert_true(log_ring_write(ring, SPAN("kept")));
    log_writer_destroy(writer);
    assert_file_holds(file, "kept\n");
    close(full);
    close(file);
}

static void a_reader_that_left_ends_neither_process_nor_writer(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    struct log_writer *writer = log_writer_create(ends[1], 1, RING_BYTES);
    assert_true(log_ring_write(log_writer_ring(writer, 0), SPAN("lost")));
    await_dropped(writer, 1);
    log_writer_destroy(writer);
    close(ends[1]);
}

static void write_beyond_the_end(int flags)
{
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 10, .rlim_max = before.rlim_max};
    int file = open_memory();
    if (flags != 0)
        assert_int_equal(fcntl(file, F_SETFL, flags), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct log_writer *writer = log_writer_create(file, 1, RING_BYTES);
    struct log_ring *ring = log_writer_ring(writer, 0);
    assert_true(log_ring_write(ring, SPAN("first")));
    while (lseek(file, 0, SEEK_CUR) < 6) /* before the second, which is cut after four bytes */
        sched_yield();
    assert_true(log_ring_write(ring, SPAN("second is cut")));
    assert_true(log_ring_write(ring, SPAN("third")));
    await_dropped(writer, 2);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(log_ring_write(ring, SPAN("whole")));
    log_writer_destroy(writer);
    assert_file_holds(file, "first\nwhole\n");
    close(file);
}

/* What stands behind it is somebody else's. */
static void a_line_cut_within_a_file_is_ended_before_the_next(void **state)
{
    (void)state;
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){.rlim_cur = 10, .rlim_max = before.rlim_max};
    int file = open_memory();
    assert_int_equal(pwrite(file, "..................", 18, 0), 18);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct log_writer *writer = log_writer_create(file, 1, RING_BYTES);
    struct log_ring *ring = log_writer_ring(writer, 0);
    assert_true(log_ring_write(ring, SPAN("0123456789 is cut")));
    await_dropped(writer, 1);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_true(log_ring_write(ring, SPAN("whole")));
    log_writer_destroy(writer);
    assert_file_holds(file, "0123456789\nwhole\n.");
    close(file);
}

static void a_line_cut_by_a_full_disk_is_taken_back(void **state)
{
    (void)state;
    write_beyond_the_end(0);
    write_beyond_the_end(O_APPEND);
}

/* --- syslog --- */

static int listen_on(const struct sockaddr_un *address)
{
    int socket_ = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_true(socket_ >= 0);
    (void)unlink(address->sun_path);
    assert_int_equal(bind(socket_, (const struct sockaddr *)address, sizeof(*address)), 0);
    return socket_;
}

static void assert_message(int listener, const char *wanted)
{
    char message[256], expected[256];
    ssize_t len = recv(listener, message, sizeof(message) - 1, 0);
    assert_true(len > 0);
    message[len] = '\0';
    (void)snprintf(expected, sizeof(expected), "<30>bpgate[%ld]: %s", (long)getpid(), wanted);
    assert_string_equal(message, expected);
}

static void each_line_is_a_message_of_syslog_also_when_that_begins_anew(void **state)
{
    (void)state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/bpgate-syslog-%ld",
                   (long)getpid());
    int listener = listen_on(&address), sender = socket(AF_UNIX, SOCK_DGRAM, 0);
    assert_int_equal(connect(sender, (struct sockaddr *)&address, sizeof(address)), 0);
    struct log_writer *writer = log_writer_create(sender, 1, RING_BYTES);
    struct log_ring *ring = log_writer_ring(writer, 0);
    assert_true(log_ring_write(ring, SPAN("one")));
    assert_true(log_ring_write(ring, SPAN("two")));
    assert_message(listener, "one");
    assert_message(listener, "two");
    close(listener);
    listener = listen_on(&address);
    assert_true(log_ring_write(ring, SPAN("three")));
    assert_message(listener, "three");
    close(listener);
    assert_true(log_ring_write(ring, SPAN("to nobody")));
    await_dropped(writer, 1);
    log_writer_destroy(writer);
    close(sender);
    unlink(address.sun_path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_arrive_in_order_each_with_its_newline),
        cmocka_unit_test(the_longest_line_fills_the_ring_and_a_longer_one_is_dropped),
        cmocka_unit_test(nothing_is_lost_when_destroyed_at_once),
        cmocka_unit_test(a_writer_without_rings_or_lines_may_be_destroyed),
        cmocka_unit_test(a_sleeping_writer_is_woken_by_each_line),
        cmocka_unit_test(so_it_is_where_the_kernel_gives_no_barrier_for_others),
        cmocka_unit_test(four_producers_tear_no_line_and_every_line_is_written_or_counted),
        cmocka_unit_test(a_full_ring_drops_and_counts_and_takes_lines_again_later),
        cmocka_unit_test(a_nonblocking_descriptor_loses_nothing),
        cmocka_unit_test(a_reader_that_hangs_does_not_stop_the_end),
        cmocka_unit_test(after_a_move_lines_go_to_the_new_descriptor_only),
        cmocka_unit_test(moving_under_load_tears_and_loses_nothing),
        cmocka_unit_test(lines_that_cannot_be_written_are_counted),
        cmocka_unit_test(a_reader_that_left_ends_neither_process_nor_writer),
        cmocka_unit_test(a_line_cut_within_a_file_is_ended_before_the_next),
        cmocka_unit_test(a_line_cut_by_a_full_disk_is_taken_back),
        cmocka_unit_test(each_line_is_a_message_of_syslog_also_when_that_begins_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
