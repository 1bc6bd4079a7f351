// What glibc's Swift module hides or spells in ways Swift cannot call.
#pragma once
#include <stdint.h>

/// Creates a non-blocking, close-on-exec eventfd with count zero. Returns the descriptor, or -1 with errno set.
int auscult_eventfd(void);

/// Names the calling thread for debuggers and `top -H`; the kernel keeps the first 15 bytes.
void auscult_set_thread_name(const char *name);
