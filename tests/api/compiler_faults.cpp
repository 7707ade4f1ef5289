// Why options are classes with setters: what this compiler does to temporaries inside a co_await expression, counted in
// live objects. g++ 12 destroys some of them twice; a compiler that is right has none left over. When a g++ 12 release
// mends this, the test fails and the rules in tests/lint can be looked at again.
#include "program.hpp"

namespace {

int live = 0;

struct Counted {
  Counted() { ++live; }
  Counted(const Counted&) { ++live; }
  Counted(Counted&&) noexcept { ++live; }
  Counted& operator=(const Counted&) = default;
  Counted& operator=(Counted&&) = default;
  ~Counted() { --live; }
};

struct Aggregate {
  Counted member;
};

class Class {
 public:
  Class() = default;

 private:
  [[maybe_unused]] Counted member_;
};

weir::awaitable<void> take_aggregate(Aggregate) { co_return; }
weir::awaitable<void> take_class(Class) { co_return; }
template <class F>
weir::awaitable<void> take_function(F) {
  co_return;
}

weir::awaitable<void> aggregate_temporary() { co_await take_aggregate(Aggregate{}); }

weir::awaitable<void> class_temporary() { co_await take_class(Class{}); }

weir::awaitable<void> named_function() {
  Counted counted;
  auto function = [counted] { return &counted; };
  co_await take_function(function);
}

int left_over(weir::awaitable<void> work) {
  live = 0;
  run(std::move(work));
  return live;
}

}  // namespace

int main() {
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
  CHECK(left_over(aggregate_temporary()) < 0);
#else
  CHECK(left_over(aggregate_temporary()) == 0);
#endif
  CHECK(left_over(class_temporary()) == 0);
  CHECK(left_over(named_function()) == 0);
}
