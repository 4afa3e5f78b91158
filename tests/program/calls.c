/* Counts the calls with which a program changes names and makes files safe, and disturbs one of them.
 * CALLS_LOG: each call appends its name there. CALLS_AT: the call, from 1. CALLS_DO: kill (before it),
 * after (kill after it), interrupt (before it) or fail (there is no space left). CALLS_KIND: calls of this
 * name alone are counted; opendir and statx only then. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;
static _Thread_local int last;

static int disturbed(const char *name) {
    const char *kind = getenv("CALLS_KIND");
    if (kind && strcmp(kind, name)) return 0;
    const char *log = getenv("CALLS_LOG"), *at = getenv("CALLS_AT"), *action = getenv("CALLS_DO");
    long call = atomic_fetch_add(&calls, 1) + 1;
    if (log) {
        int file = open(log, O_WRONLY | O_APPEND | O_CREAT, 0644);
        if (file >= 0) {
            char line[32] = "";
            strncat(line, name, 30);
            strcat(line, "\n");
            if (write(file, line, strlen(line)) < 0) abort();
            close(file);
        }
    }
    if (!at || !action || atol(at) != call) return 0;
    if (!strcmp(action, "kill")) kill(getpid(), SIGKILL);
    if (!strcmp(action, "after")) {
        last = 1;
        return 0;
    }
    if (!strcmp(action, "interrupt")) {
        kill(getpid(), SIGTERM);
        usleep(20000);
        return 0;
    }
    errno = ENOSPC;
    return 1;
}

static int done(int result) {
    if (last) kill(getpid(), SIGKILL);
    return result;
}

int rename(const char *from, const char *to) {
    int (*next)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
    return disturbed("rename") ? -1 : done(next(from, to));
}

int unlink(const char *path) {
    int (*next)(const char *) = dlsym(RTLD_NEXT, "unlink");
    return disturbed("unlink") ? -1 : done(next(path));
}

int mkdir(const char *path, mode_t mode) {
    int (*next)(const char *, mode_t) = dlsym(RTLD_NEXT, "mkdir");
    return disturbed("mkdir") ? -1 : done(next(path, mode));
}

int fsync(int file) {
    int (*next)(int) = dlsym(RTLD_NEXT, "fsync");
    return disturbed("fsync") ? -1 : done(next(file));
}

/* The system has no more to give. */
DIR *opendir(const char *path) {
    DIR *(*next)(const char *) = dlsym(RTLD_NEXT, "opendir");
    if (!getenv("CALLS_KIND") || !disturbed("opendir")) return next(path);
    errno = EMFILE;
    return NULL;
}

int statx(int folder, const char *restrict path, int flags, unsigned mask, struct statx *restrict found) {
    int (*next)(int, const char *, int, unsigned, struct statx *) = dlsym(RTLD_NEXT, "statx");
    /* Without a name it is a file that is open, or nothing but the question whether there is such a call. */
    const char *volatile name = path;
    if (!getenv("CALLS_KIND") || !name || !name[0] || !disturbed("statx"))
        return next(folder, path, flags, mask, found);
    errno = EIO;
    return -1;
}
