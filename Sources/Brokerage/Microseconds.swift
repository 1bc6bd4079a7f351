/// A moment on the broker's monotonic clock, or a span of it.
///
/// Time is always an argument: nothing in this room reads a clock.
package typealias Microseconds = Int64
