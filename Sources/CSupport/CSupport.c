#define _GNU_SOURCE
#include "CSupport.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

int auscult_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int auscult_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int auscult_spawn_close_from(void *actions, int first) {
    return posix_spawn_file_actions_addclosefrom_np(actions, first);
}

void auscult_set_thread_name(const char *name) {
    char kept[16];
    snprintf(kept, sizeof kept, "%s", name);
    pthread_setname_np(pthread_self(), kept);
}

int auscult_stop_signals(void) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    if (pthread_sigmask(SIG_BLOCK, &stop, NULL) != 0) return -1;
    return signalfd(-1, &stop, SFD_NONBLOCK | SFD_CLOEXEC);
}

int auscult_read_signal(int descriptor) {
    struct signalfd_siginfo info;
    return read(descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

int auscult_watch_process(int process) { return (int)syscall(SYS_pidfd_open, process, 0); }

int auscult_has_writer(int descriptor) {
    // The kernel grants a read lease only while nobody writes. Who would break it in the meantime gets it at once: the
    // signal for that is one that is ignored unless somebody asks for it.
    if (fcntl(descriptor, F_SETSIG, SIGURG) < 0) return -1;
    if (fcntl(descriptor, F_SETLEASE, F_RDLCK) < 0) return errno == EAGAIN ? 1 : -1;
    fcntl(descriptor, F_SETLEASE, F_UNLCK);
    return 0;
}

int auscult_memory_file(void) { return memfd_create("auscult", MFD_CLOEXEC); }
