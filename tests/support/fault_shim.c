/*
 * A disk that fails under SQLite: preloaded into a process, it lets the k-th write or sync of a database or its log end with an error.
 *
 * IMENA_SHIM_FAIL_AT  k, from 1 (0 or absent: only count)
 * IMENA_SHIM_ERRNO    5 (EIO, once) or 28 (ENOSPC, from then on for every write)
 * IMENA_SHIM_COUNT    file that gets the number of operations when the process ends
 *
 * SQLite writes with write, pwrite or pwrite64, whichever it was built with. Only files named *.db and *.db-wal count.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long count;
static long fail_at;
static int error_number;

static long number(const char *name) {
    const char *text = getenv(name);
    return text == NULL ? 0 : atol(text);
}

__attribute__((constructor)) static void begin(void) {
    fail_at = number("IMENA_SHIM_FAIL_AT");
    error_number = (int)number("IMENA_SHIM_ERRNO");
}

__attribute__((destructor)) static void end(void) {
    const char *path = getenv("IMENA_SHIM_COUNT");
    FILE *file = path == NULL ? NULL : fopen(path, "w");
    if (file != NULL) {
        fprintf(file, "%ld\n", atomic_load(&count));
        fclose(file);
    }
}

static int ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static int is_database(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) {
        return 0;
    }
    path[length] = '\0';
    return ends_with(path, ".db") || ends_with(path, ".db-wal");
}

/* Whether this operation fails; errno is set then. */
static int strikes(int fd, int is_write) {
    int saved = errno;
    int counts = is_database(fd);
    errno = saved;
    if (!counts) {
        return 0;
    }
    long mine = atomic_fetch_add(&count, 1) + 1;
    int now = fail_at > 0 && mine == fail_at;
    int later = fail_at > 0 && mine > fail_at && error_number == ENOSPC && is_write;
    if (now || later) {
        errno = error_number;
        return 1;
    }
    return 0;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t length) {
    return strikes(fd, 1) ? -1 : REAL(write)(fd, bytes, length);
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) {
    return strikes(fd, 1) ? -1 : REAL(pwrite)(fd, bytes, length, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    return strikes(fd, 1) ? -1 : REAL(pwrite64)(fd, bytes, length, at);
}

int ftruncate(int fd, off_t length) {
    return strikes(fd, 0) ? -1 : REAL(ftruncate)(fd, length);
}

int ftruncate64(int fd, off64_t length) {
    return strikes(fd, 0) ? -1 : REAL(ftruncate64)(fd, length);
}

int fsync(int fd) {
    return strikes(fd, 0) ? -1 : REAL(fsync)(fd);
}

int fdatasync(int fd) {
    return strikes(fd, 0) ? -1 : REAL(fdatasync)(fd);
}
