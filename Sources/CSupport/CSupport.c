#define _GNU_SOURCE
#include "CSupport.h"
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>

int auscult_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void auscult_set_thread_name(const char *name) {
    char kept[16];
    snprintf(kept, sizeof kept, "%s", name);
    pthread_setname_np(pthread_self(), kept);
}
