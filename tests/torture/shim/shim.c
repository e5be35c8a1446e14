/* A disk that fails and forgets, and a wall clock that jumps, for one process.
 *
 * Preloaded (LD_PRELOAD) into a program that is tested, it stands between the program and libc. Only
 * the files in EDGE_SHIM_DIRECTORY are touched, not those in directories below it. EDGE_SHIM_CONTROL names a file that holds a `struct
 * control`, shared with the test, so that faults begin and end while the program runs.
 *
 * While `forget` is on, EDGE_SHIM_JOURNAL takes what each unsynced operation has replaced; `disk.py`
 * reads it, and undoes after a SIGKILL what no fsync has made durable.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { FULL, READ_ONLY, READ, WRITE, SYNC, FAULTS };

struct control { /* control.py has the same layout; the test writes all but `hits` */
    uint32_t every[FAULTS]; /* each n-th call fails; 0: none */
    uint32_t sync_ms;       /* an fsync takes so much longer */
    uint32_t forget;
    uint32_t untrusted; /* nothing has set the wall clock yet */
    int64_t wall_ns;    /* added to the wall clock */
    int64_t drift_ppm;  /* the wall clock's rate, from `drift_from` on */
    int64_t drift_from; /* ns, CLOCK_MONOTONIC */
    uint64_t calls[FAULTS];
    uint64_t hits[FAULTS]; /* calls that failed */
    uint64_t syncs;
};

struct record { /* disk.py has the same layout; `length` bytes follow */
    char what[8];
    uint64_t inode;
    uint64_t offset;
    uint64_t size; /* of the file, before */
    uint64_t length;
};

static const int ERRORS[FAULTS] = {ENOSPC, EROFS, EIO, EIO, EIO};
static const char BOOT_ID[] = "/proc/sys/kernel/random/boot_id";
static const char TIMESYNC[] = "/run/systemd/timesync/synchronized";
#define FILES 4096
static struct control none, *control = &none;
static const char *directory, *boot_id;
static char tracked[FILES]; /* by file descriptor: 1 a file, 2 one whose content need not last */
static char journal_path[PATH_MAX - 32]; /* leaves room for numbers */
static int journal = -1;
static unsigned saved;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER; /* of the journal's records */

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) abort();
    return found;
}

#define REAL(name) \
    ({ \
        static __typeof__(&name) found; \
        if (!found) found = (__typeof__(&name))real(#name); \
        found; \
    })

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("EDGE_SHIM_CONTROL"), *undo = getenv("EDGE_SHIM_JOURNAL");
    directory = getenv("EDGE_SHIM_DIRECTORY");
    boot_id = getenv("EDGE_SHIM_BOOT_ID");
    int file = path ? REAL(open)(path, O_RDWR | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *found = mmap(0, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (found != MAP_FAILED) control = found;
        REAL(close)(file);
    }
    if (undo) {
        snprintf(journal_path, sizeof journal_path, "%s", undo);
        journal = REAL(open)(undo, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
}

static int fails(int fault) {
    uint32_t every = control->every[fault];
    if (!every || __atomic_add_fetch(&control->calls[fault], 1, __ATOMIC_SEQ_CST) % every) return 0;
    __atomic_add_fetch(&control->hits[fault], 1, __ATOMIC_SEQ_CST);
    errno = ERRORS[fault];
    return 1;
}

static const char *absolute(const char *path, char *whole) {
    char here[PATH_MAX];
    if (path[0] == '/' || !getcwd(here, sizeof here)) return path;
    return snprintf(whole, PATH_MAX, "%s/%s", here, path) < PATH_MAX ? whole : path;
}

static int concerns(const char *path) {
    char whole[PATH_MAX];
    size_t length = directory ? strlen(directory) : 0;
    if (!length || !path) return 0;
    path = absolute(path, whole);
    if (strncmp(path, directory, length)) return 0;
    return !path[length] || (path[length] == '/' && !strchr(path + length + 1, '/'));
}

static int ends_with(const char *path, const char *end) {
    size_t length = strlen(path), wanted = strlen(end);
    return length >= wanted && !strcmp(path + length - wanted, end);
}

static int is_tracked(int file) { return file >= 0 && file < FILES && tracked[file]; }

/* The undo journal. */

static int keeps(void) { return control->forget && journal >= 0; }

static void note(const char *what, int64_t inode, off_t at, off_t size, const void *data, size_t n) {
    struct record record = {{0}, inode, at, size, n};
    struct iovec parts[] = {{&record, sizeof record}, {(void *)data, n}};
    memcpy(record.what, what, strlen(what));
    if (REAL(writev)(journal, parts, 2) < 0) abort();
}

static void note_names(const char *what, const char *from, const char *to, const char *kept) {
    char text[3 * PATH_MAX], first[PATH_MAX], second[PATH_MAX];
    const char *end = *to ? absolute(to, second) : "";
    int length = snprintf(text, sizeof text, "%s\n%s\n%s", absolute(from, first), end, kept);
    pthread_mutex_lock(&order);
    note(what, 0, 0, 0, text, length);
    pthread_mutex_unlock(&order);
}

static void note_content(int file, off_t at, off_t upto) {
    struct stat now;
    if (!keeps() || tracked[file] != 1 || fstat(file, &now)) return;
    off_t end = upto < now.st_size ? upto : now.st_size;
    size_t length = end > at ? end - at : 0;
    char *old = malloc(length + 1);
    ssize_t found = length ? REAL(pread)(file, old, length, at) : 0;
    if (found < 0) found = 0; /* open for writing only: a new file */
    pthread_mutex_lock(&order);
    note("write", now.st_ino, at, now.st_size, old, found);
    pthread_mutex_unlock(&order);
    free(old);
}

static void note_sync(int file) {
    struct stat now;
    if (!keeps() || fstat(file, &now)) return;
    pthread_mutex_lock(&order);
    note("sync", now.st_ino, 0, 0, "", 0);
    pthread_mutex_unlock(&order);
}

/* Keep a second name of a file that is about to lose its name. */
static const char *keep(const char *path, char *kept) {
    unsigned number = __atomic_add_fetch(&saved, 1, __ATOMIC_SEQ_CST);
    snprintf(kept, PATH_MAX, "%s.%d.%u", journal_path, (int)getpid(), number);
    return link(path, kept) ? "" : kept;
}

/* Files. */

static int opened(int file, const char *path, int is_new) {
    if (file < 0 || file >= FILES) return file;
    tracked[file] = ends_with(path, "-shm") ? 2 : 1;
    if (is_new && keeps()) note_names("create", path, "", "");
    return file;
}

static int open_at(int at, const char *path, int flags, mode_t mode) {
    if (boot_id && !strcmp(path, BOOT_ID)) return REAL(open)(boot_id, flags);
    if (control->untrusted && ends_with(path, "/hctosys")) path = "/dev/null";
    if (at != AT_FDCWD && path[0] != '/') return REAL(openat)(at, path, flags, mode);
    if (!concerns(path)) return REAL(openat)(at, path, flags, mode);
    int writes = (flags & O_ACCMODE) != O_RDONLY || flags & (O_CREAT | O_TRUNC);
    int is_new = flags & O_CREAT && access(path, F_OK);
    if (writes && fails(READ_ONLY)) return -1;
    if (is_new && fails(FULL)) return -1;
    int file = REAL(openat)(at, path, flags & ~O_TRUNC, mode);
    if (opened(file, path, is_new) >= 0 && flags & O_TRUNC && ftruncate(file, 0)) {
        close(file);
        return -1;
    }
    return file;
}

#define MODE(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }

int open(const char *path, int flags, ...) {
    MODE(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
    MODE(flags)
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...) {
    MODE(flags)
    return open_at(at, path, flags, mode);
}

int openat64(int at, const char *path, int flags, ...) {
    MODE(flags)
    return open_at(at, path, flags, mode);
}

int close(int file) {
    if (is_tracked(file)) tracked[file] = 0;
    return REAL(close)(file);
}

static int cannot_write(int file, off_t upto) {
    struct stat now;
    if (fails(READ_ONLY) || fails(WRITE)) return 1;
    return !fstat(file, &now) && upto > now.st_size && fails(FULL);
}

ssize_t read(int file, void *data, size_t length) {
    if (is_tracked(file) && fails(READ)) return -1;
    return REAL(read)(file, data, length);
}

ssize_t pread(int file, void *data, size_t length, off_t at) {
    if (is_tracked(file) && fails(READ)) return -1;
    return REAL(pread)(file, data, length, at);
}

ssize_t pread64(int file, void *data, size_t length, off64_t at) {
    return pread(file, data, length, at);
}

ssize_t write(int file, const void *data, size_t length) {
    if (is_tracked(file)) {
        struct stat now;
        int appends = fcntl(file, F_GETFL) & O_APPEND && !fstat(file, &now);
        off_t at = appends ? now.st_size : lseek(file, 0, SEEK_CUR);
        if (cannot_write(file, at + length)) return -1;
        note_content(file, at, at + length);
    }
    return REAL(write)(file, data, length);
}

ssize_t pwrite(int file, const void *data, size_t length, off_t at) {
    if (is_tracked(file)) {
        if (cannot_write(file, at + length)) return -1;
        note_content(file, at, at + length);
    }
    return REAL(pwrite)(file, data, length, at);
}

ssize_t pwrite64(int file, const void *data, size_t length, off64_t at) {
    return pwrite(file, data, length, at);
}

int ftruncate(int file, off_t length) {
    if (is_tracked(file)) {
        if (cannot_write(file, length)) return -1;
        note_content(file, length, LONG_MAX);
    }
    return REAL(ftruncate)(file, length);
}

int ftruncate64(int file, off64_t length) { return ftruncate(file, length); }

int posix_fallocate(int file, off_t at, off_t length) {
    if (is_tracked(file)) {
        if (cannot_write(file, at + length)) return errno;
        note_content(file, at + length, 0);
    }
    return REAL(posix_fallocate)(file, at, length);
}

int posix_fallocate64(int file, off64_t at, off64_t length) {
    return posix_fallocate(file, at, length);
}

static int synced(int file, int (*sync)(int)) {
    if (!is_tracked(file)) return sync(file);
    struct timespec wait = {control->sync_ms / 1000, control->sync_ms % 1000 * 1000000L};
    if (control->sync_ms) nanosleep(&wait, 0);
    if (fails(SYNC)) return -1;
    __atomic_add_fetch(&control->syncs, 1, __ATOMIC_SEQ_CST);
    int result = sync(file);
    if (!result) note_sync(file);
    return result;
}

int fsync(int file) { return synced(file, REAL(fsync)); }

int fdatasync(int file) { return synced(file, REAL(fdatasync)); }

int unlink(const char *path) {
    char kept[PATH_MAX];
    if (concerns(path)) {
        if (fails(READ_ONLY)) return -1;
        if (keeps() && !access(path, F_OK)) note_names("unlink", path, "", keep(path, kept));
    }
    return REAL(unlink)(path);
}

int rename(const char *from, const char *to) {
    char kept[PATH_MAX];
    if (concerns(from) || concerns(to)) {
        if (fails(READ_ONLY)) return -1;
        if (keeps() && !access(from, F_OK)) note_names("rename", from, to, keep(to, kept));
    }
    return REAL(rename)(from, to);
}

int mkdir(const char *path, mode_t mode) {
    if (concerns(path) && (fails(READ_ONLY) || fails(FULL))) return -1;
    return REAL(mkdir)(path, mode);
}

/* The wall clock. */

static int64_t shift(void) {
    struct timespec now;
    REAL(clock_gettime)(CLOCK_MONOTONIC, &now);
    int64_t since = now.tv_sec * 1000000000LL + now.tv_nsec - control->drift_from;
    int64_t drift = control->drift_ppm ? since / 1000 * control->drift_ppm / 1000 : 0;
    return control->wall_ns + drift;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = REAL(clock_gettime)(clock, now);
    if (result || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
    int64_t shifted = now->tv_sec * 1000000000LL + now->tv_nsec + shift();
    now->tv_sec = shifted / 1000000000LL;
    now->tv_nsec = shifted % 1000000000LL;
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *result, void *zone) {
    struct timespec now;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &now);
    *result = (struct timeval){now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

int adjtimex(struct timex *state) {
    int result = REAL(adjtimex)(state);
    if (result == -1) return result;
    return control->untrusted ? TIME_ERROR : TIME_OK;
}

static int is_hidden(const char *path) {
    if (!control->untrusted || strcmp(path, TIMESYNC)) return 0;
    errno = ENOENT;
    return 1;
}

int stat(const char *path, struct stat *found) {
    return is_hidden(path) ? -1 : REAL(stat)(path, found);
}

int stat64(const char *path, struct stat64 *found) {
    return is_hidden(path) ? -1 : REAL(stat64)(path, found);
}
