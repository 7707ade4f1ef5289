#pragma once

// What the shared object of blocking_shim.cpp offers once it is loaded before everything else.

namespace weir::test {

/// From now on, or no longer, calls of this thread are looked at.
using WatchThisThread = void (*)(bool);
/// The first calls that blocked or could have, with what they were asked for; empty: none.
using BlockingCalls = const char* (*)();
/// Names that end in ".slow.test" are that many milliseconds away, and then this machine.
using SlowNames = void (*)(unsigned);

}  // namespace weir::test
