// Tests that fork: by default ThreadSanitizer ends a child that starts threads of its own, as the parent had some
// (https://github.com/google/sanitizers/wiki/ThreadSanitizerFlags, die_after_fork). A child leaves by _exit, which
// joins none.

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
extern "C" __attribute__((visibility("default"))) const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "die_after_fork=0:report_thread_leaks=0"; }
#endif
#endif
