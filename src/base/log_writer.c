#include "base/log_writer.h"

#include <errno.h>
#include <limits.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"

enum { SMALLEST_RING = 4096, CACHE_LINE = 64, GATHER_MS = 4, LAST_WRITE_MS = 2000 };
enum { PREFIX_SIZE = 48, DAEMON_INFO = 30 /* RFC 5424 §6.2.1: 3 * 8 + 6 */ };

#define NEVER UINT64_MAX

/* Both positions only grow; modulo the size they are offsets. The bytes from read to written
 * belong to the thread that writes, the others to the worker. */
struct log_ring {
    struct log_writer *writer; /* borrowed */
    char *bytes;
    size_t size;
    size_t read_seen; /* the worker's last look at read, which spares it most others */
    atomic_size_t written;
    atomic_uint_fast64_t dropped;
    char apart[CACHE_LINE]; /* what the two threads write to must not share a cache line */
    atomic_size_t read;
};

struct log_writer {
    pthread_t thread;
    pthread_mutex_t lock;    /* the next three, through each round of writing */
    int descriptor;          /* borrowed */
    size_t largest_write;    /* what the descriptor takes without blocking */
    bool is_syslog;          /* a datagram for each line, see log_writer.h */
    struct sockaddr_un peer; /* of that, to connect again when it has begun anew */
    socklen_t peer_len;
    bool is_torn;      /* an error cut a line in the middle: end it before the next */
    bool pays_for_all; /* see publish */
    int wake;          /* an eventfd */
    atomic_bool is_asleep;
    atomic_uint_fast64_t end_ms; /* when to give up writing; NEVER until destroyed */
    size_t ring_count;
    struct log_ring rings[];
};

/* The worker stores its position and then looks whether the thread sleeps; the thread says that it will sleep
 * and then looks for lines. With a barrier between the two steps of each, one of the two sees the other. The
 * worker would pay for it with each line; so the thread, before it sleeps, has the kernel make every other thread
 * pass one, where it can. */
static void publish(struct log_ring *ring, size_t written)
{
    struct log_writer *writer = ring->writer;
    if (writer->pays_for_all) {
        atomic_store_explicit(&ring->written, written, memory_order_release);
        atomic_signal_fence(memory_order_seq_cst); /* the compiler has to keep the order too */
    } else {
        atomic_store(&ring->written, written);
    }
    if (atomic_load(&writer->is_asleep) && atomic_exchange(&writer->is_asleep, false))
        (void)eventfd_write(writer->wake, 1);
}

static bool make_all_pass(int command)
{
    return syscall(SYS_membarrier, command, 0, 0) == 0;
}

static bool has_room(struct log_ring *ring, size_t written, size_t len)
{
    if (ring->size - (written - ring->read_seen) >= len)
        return true;
    ring->read_seen = atomic_load_explicit(&ring->read, memory_order_acquire);
    return ring->size - (written - ring->read_seen) >= len;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void copy_in(struct log_ring *ring, size_t position, struct span bytes)
{
    size_t offset = position & (ring->size - 1);
    size_t first = smaller(bytes.len, ring->size - offset);
    memcpy(ring->bytes + offset, bytes.at, first);
    memcpy(ring->bytes, bytes.at + first, bytes.len - first);
}

bool log_ring_write(struct log_ring *ring, struct span line)
{
    size_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
    if (line.len >= ring->size || !has_room(ring, written, line.len + 1)) {
        atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
        return false;
    }
    if (line.len > 0)
        copy_in(ring, written, line);
    ring->bytes[(written + line.len) & (ring->size - 1)] = '\n';
    publish(ring, written + line.len + 1);
    return true;
}

static char byte_at(const struct log_ring *ring, size_t position)
{
    return ring->bytes[position & (ring->size - 1)];
}

static bool is_ending(struct log_writer *writer)
{
    return atomic_load(&writer->end_ms) != NEVER;
}

/* The descriptor may block, as it may be shared with other processes: so it is only written to
 * when it says that it takes bytes. False when it did not before the end. */
static bool await_writable(struct log_writer *writer)
{
    struct pollfd both[] = {{.fd = writer->descriptor, .events = POLLOUT},
                            {.fd = writer->wake, .events = POLLIN}};
    while (!both[0].revents) {
        uint64_t end_ms = atomic_load(&writer->end_ms), now_ms = clock_ms();
        eventfd_t count;
        if (now_ms >= end_ms)
            return false;
        (void)poll(both, COUNT_OF(both), end_ms == NEVER ? -1 : (int)(end_ms - now_ms));
        if (both[1].revents)
            (void)eventfd_read(writer->wake, &count);
    }
    return true;
}

/* Whoever listened may have begun anew: once for each line. */
static ssize_t send_line(struct log_writer *writer, const struct msghdr *line)
{
    ssize_t sent = sendmsg(writer->descriptor, line, MSG_DONTWAIT | MSG_NOSIGNAL);
    bool is_lost = sent < 0 && (errno == ECONNREFUSED || errno == ENOTCONN || errno == ECONNRESET);
    if (is_lost &&
        connect(writer->descriptor, (struct sockaddr *)&writer->peer, writer->peer_len) == 0)
        sent = sendmsg(writer->descriptor, line, MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent;
}

/* The next line as one message of syslog. As write_some; a line that is too long for it is dropped. */
static ssize_t send_some(struct log_writer *writer, struct log_ring *ring, size_t read,
                         size_t written)
{
    char prefix[PREFIX_SIZE];
    size_t end = read, offset = read & (ring->size - 1);
    if (!await_writable(writer))
        return -1;
    while (end < written && byte_at(ring, end) != '\n')
        end++;
    size_t first = smaller(end - read, ring->size - offset);
    int len = snprintf(prefix, sizeof(prefix), "<%d>bpgate[%ld]: ", DAEMON_INFO, (long)getpid());
    struct iovec pieces[] = {
        {prefix, (size_t)len}, {ring->bytes + offset, first}, {ring->bytes, end - read - first}};
    const struct msghdr line = {.msg_iov = pieces, .msg_iovlen = COUNT_OF(pieces)};
    if (send_line(writer, &line) < 0) {
        if (errno == EAGAIN || errno == EINTR)
            return 0;
        if (errno != EMSGSIZE)
            return -1;
        atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
    }
    return (ssize_t)(end - read + 1);
}

/* Writes bytes between the two positions, in two pieces where the ring wraps. Returns how many,
 * 0 to try again, -1 to give up. */
static ssize_t write_some(struct log_writer *writer, const struct log_ring *ring, size_t read,
                          size_t written)
{
    if (!await_writable(writer))
        return -1;
    size_t offset = read & (ring->size - 1);
    size_t len = smaller(written - read, writer->largest_write);
    size_t first = smaller(len, ring->size - offset);
    struct iovec pieces[] = {{ring->bytes + offset, first}, {ring->bytes, len - first}};
    ssize_t sent = writer->is_torn ? write(writer->descriptor, "\n", 1)
                                   : writev(writer->descriptor, pieces, COUNT_OF(pieces));
    if (sent < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (!writer->is_torn)
        return sent;
    writer->is_torn = false;
    return 0;
}

static void drop_unwritten(struct log_ring *ring, size_t read, size_t written)
{
    uint_fast64_t lines = 0;
    for (size_t position = read; position < written; position++)
        lines += byte_at(ring, position) == '\n';
    atomic_fetch_add_explicit(&ring->dropped, lines, memory_order_relaxed);
}

/* How much of a line that has not ended stands at the end of what was written; before: already. */
static size_t open_line(const struct log_ring *ring, size_t read, size_t sent, size_t before)
{
    size_t len = 0;
    while (len < sent && byte_at(ring, read + sent - 1 - len) != '\n')
        len++;
    return len == sent ? before + len : len;
}

/* The part of a line that a full disk has left behind is taken back, where it is a file's end and nobody
 * else has written since. */
static bool take_back(const struct log_writer *writer, size_t len)
{
    struct stat status;
    off_t end = lseek(writer->descriptor, 0, SEEK_CUR);
    return fstat(writer->descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
           end == status.st_size && end >= (off_t)len &&
           ftruncate(writer->descriptor, end - (off_t)len) == 0 &&
           lseek(writer->descriptor, end - (off_t)len, SEEK_SET) >= 0;
}

/* Writes what the ring holds now; ends between two lines, so that the next ring's may follow. */
static void write_ring(struct log_writer *writer, struct log_ring *ring)
{
    size_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
    size_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
    size_t open = 0; /* bytes of a line that has begun */
    while (read != written) {
        ssize_t sent = writer->is_syslog ? send_some(writer, ring, read, written)
                                         : write_some(writer, ring, read, written);
        if (sent > 0) {
            open = open_line(ring, read, (size_t)sent, open);
            read += (size_t)sent;
        } else if (sent < 0) {
            drop_unwritten(ring, read, written);
            writer->is_torn = writer->is_torn || (open > 0 && !take_back(writer, open));
            read = written;
        }
        atomic_store_explicit(&ring->read, read, memory_order_release);
    }
}

static void write_rings(struct log_writer *writer)
{
    pthread_mutex_lock(&writer->lock);
    for (size_t i = 0; i < writer->ring_count; i++)
        write_ring(writer, &writer->rings[i]);
    pthread_mutex_unlock(&writer->lock);
}

static bool has_work(struct log_writer *writer)
{
    for (size_t i = 0; i < writer->ring_count; i++) {
        struct log_ring *ring = &writer->rings[i];
        if (atomic_load(&ring->written) != atomic_load_explicit(&ring->read, memory_order_relaxed))
            return true;
    }
    return is_ending(writer);
}

static void say_asleep(struct log_writer *writer)
{
    atomic_store(&writer->is_asleep, true);
    if (writer->pays_for_all)
        ASSERT(make_all_pass(MEMBARRIER_CMD_PRIVATE_EXPEDITED));
}

static void sleep_until_woken(struct log_writer *writer)
{
    eventfd_t count;
    /* Again after each wake-up: a worker that is late may wake for a line already written, and
     * takes the flag with it. */
    while (!has_work(writer)) {
        say_asleep(writer);
        if (!has_work(writer))
            (void)eventfd_read(writer->wake, &count);
    }
    atomic_store(&writer->is_asleep, false);
}

static void gather(struct log_writer *writer)
{
    if (!is_ending(writer))
        nanosleep(&(struct timespec){.tv_nsec = GATHER_MS * 1000000L}, NULL);
}

static void *run(void *arg)
{
    struct log_writer *writer = arg;
    bool is_last = false;
    while (!is_last) {
        sleep_until_woken(writer);
        gather(writer);
        is_last = is_ending(writer);
        write_rings(writer);
    }
    return NULL;
}

/* Signals are for the other threads; SIGPIPE among them, as EPIPE says the same. */
static void start_thread(struct log_writer *writer)
{
    sigset_t all, before;
    sigfillset(&all);
    ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    ASSERT(pthread_create(&writer->thread, NULL, run, writer) == 0);
    ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
}

/* A pipe that takes any byte takes PIPE_BUF of them; a file takes all. */
static size_t largest_write(int descriptor)
{
    struct stat status;
    bool is_file = fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    return is_file ? SIZE_MAX : PIPE_BUF;
}

static void look_at_descriptor(struct log_writer *writer)
{
    int kind = 0;
    socklen_t len = sizeof(kind);
    writer->largest_write = largest_write(writer->descriptor);
    writer->is_syslog =
        getsockopt(writer->descriptor, SOL_SOCKET, SO_TYPE, &kind, &len) == 0 && kind == SOCK_DGRAM;
    writer->peer_len = sizeof(writer->peer);
    if (writer->is_syslog)
        (void)getpeername(writer->descriptor, (struct sockaddr *)&writer->peer, &writer->peer_len);
}

struct log_writer *log_writer_create(int descriptor, size_t ring_count, size_t ring_bytes)
{
    ASSERT(ring_bytes >= SMALLEST_RING && (ring_bytes & (ring_bytes - 1)) == 0);
    size_t size = sizeof(struct log_writer) + ring_count * sizeof(struct log_ring);
    struct log_writer *writer = xcalloc(1, size);
    writer->descriptor = descriptor;
    look_at_descriptor(writer);
    writer->ring_count = ring_count;
    writer->pays_for_all = make_all_pass(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
    writer->wake = eventfd(0, EFD_CLOEXEC);
    ASSERT(writer->wake >= 0);
    atomic_init(&writer->end_ms, NEVER);
    ASSERT(pthread_mutex_init(&writer->lock, NULL) == 0);
    for (size_t i = 0; i < ring_count; i++) {
        struct log_ring *ring = &writer->rings[i];
        ring->writer = writer;
        ring->bytes = xmalloc(ring_bytes);
        ring->size = ring_bytes;
    }
    start_thread(writer);
    return writer;
}

struct log_ring *log_writer_ring(struct log_writer *writer, size_t index)
{
    ASSERT(index < writer->ring_count);
    return &writer->rings[index];
}

uint64_t log_writer_dropped(struct log_writer *writer)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < writer->ring_count; i++)
        sum += atomic_load_explicit(&writer->rings[i].dropped, memory_order_relaxed);
    return sum;
}

void log_writer_move(struct log_writer *writer, int descriptor)
{
    pthread_mutex_lock(&writer->lock);
    writer->descriptor = descriptor;
    look_at_descriptor(writer);
    writer->is_torn = false;
    pthread_mutex_unlock(&writer->lock);
}

void log_writer_destroy(struct log_writer *writer)
{
    if (!writer)
        return;
    atomic_store(&writer->end_ms, clock_ms() + LAST_WRITE_MS);
    (void)eventfd_write(writer->wake, 1);
    ASSERT(pthread_join(writer->thread, NULL) == 0);
    for (size_t i = 0; i < writer->ring_count; i++)
        free(writer->rings[i].bytes);
    pthread_mutex_destroy(&writer->lock);
    close(writer->wake);
    free(writer);
}
