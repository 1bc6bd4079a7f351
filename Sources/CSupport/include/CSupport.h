// What glibc's Swift module hides or spells in ways Swift cannot call.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// Creates a non-blocking, close-on-exec eventfd with count zero. Returns the descriptor, or -1 with errno set.
int auscult_eventfd(void);

/// Creates a pipe that no child inherits by accident. Returns 0, or -1 with errno set.
int auscult_pipe(int ends[2]);

/// Lets a process spawned with these `posix_spawn_file_actions_t` inherit no descriptor from `first` on. Returns 0 or an
/// error number.
int auscult_spawn_close_from(void *actions, int first);

/// Names the calling thread for debuggers and `top -H`; the kernel keeps the first 15 bytes.
void auscult_set_thread_name(const char *name);

/// Blocks SIGTERM and SIGINT for the calling thread and all it starts, and returns a descriptor that becomes readable
/// when one arrives. Returns -1 with errno set on failure. Call it before the first thread starts.
int auscult_stop_signals(void);

/// Reads one signal number from the descriptor of `auscult_stop_signals`; 0 when none waits.
int auscult_read_signal(int descriptor);

/// Continues a CRC-32C over `count` bytes; begin with 0. Uses the processor's instruction where it has one.
uint32_t auscult_crc32c(uint32_t crc, const void *bytes, size_t count);

/// The same, one byte at a time on any processor.
uint32_t auscult_crc32c_portable(uint32_t crc, const void *bytes, size_t count);

/// Returns a descriptor that becomes readable when a process, any process of this host, has ended, or -1 when there is
/// none of this number.
int auscult_watch_process(int process);

/// Whether some process has a file open for writing: 1 or 0, or -1 where the kernel does not tell.
int auscult_has_writer(int descriptor);

/// Makes an empty file in memory that no child inherits. Returns its descriptor, or -1 with errno set.
int auscult_memory_file(void);
