// What does a job cost at least? The files that `xqute run` leaves, made by a loop of posix_spawn that does nothing else.
//
//     cc -O2 -o spawn-loop benches/spawn-loop.c && ./spawn-loop JOBS AT_ONCE DIRECTORY PROGRAM [WORD...]
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static char *directory;

static void die(const char *what) {
    perror(what);
    exit(2);
}

static void name(char *to, size_t size, long job, const char *file) {
    snprintf(to, size, "%s/%ld/%s", directory, job, file);
}

// A reader sees the old file or the new one.
static void put(long job, const char *file, int number) {
    char path[4096], unfinished[4110], line[32];
    name(path, sizeof path, job, file);
    snprintf(unfinished, sizeof unfinished, "%s.new", path);
    int fd = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int size = snprintf(line, sizeof line, "%d\n", number);
    if (fd < 0 || write(fd, line, size) != size || close(fd) || rename(unfinished, path)) die(path);
}

static pid_t start(long job, char **argv) {
    char path[4096], out[4096], err[4096];
    name(path, sizeof path, job, "");
    name(out, sizeof out, job, "job.stdout");
    name(err, sizeof err, job, "job.stderr");
    if (mkdir(path, 0700)) die(path);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, out, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_addopen(&files, 2, err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    pid_t pid;
    if (posix_spawnp(&pid, argv[0], &files, &attributes, argv, environ)) die(argv[0]);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    put(job, "job.jid", pid);
    return pid;
}

// Status 6 is FINISHED, 7 FAILED.
static void end(long job, int status) {
    int rc = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    put(job, "job.rc", rc);
    put(job, "job.status", rc ? 7 : 6);
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: spawn-loop JOBS AT_ONCE DIRECTORY PROGRAM [WORD...]\n");
        return 2;
    }
    long jobs = atol(argv[1]), at_once = atol(argv[2]), next = 0, ended = 0;
    directory = argv[3];
    struct { pid_t pid; long job; } *slots = calloc(at_once, sizeof *slots);
    if (!slots || (mkdir(directory, 0700) && access(directory, W_OK))) die(directory);
    while (ended < jobs) {
        for (long i = 0; i < at_once && next < jobs; i++) {
            if (slots[i].pid) continue;
            slots[i].job = next++;
            slots[i].pid = start(slots[i].job, argv + 4);
        }
        int status;
        pid_t pid = wait(&status);
        if (pid < 0) die("wait");
        for (long i = 0; i < at_once; i++) {
            if (slots[i].pid != pid) continue;
            end(slots[i].job, status);
            slots[i].pid = 0;
            ended++;
        }
    }
    return 0;
}
