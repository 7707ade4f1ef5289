// g++ 12.2 destroys an aggregate temporary twice inside a co_await expression, so nothing that a public function takes
// by value may be an aggregate; and co_spawn needs every result to be default-constructible and movable.
#include <weir/weir.hpp>

#include <gtest/gtest.h>

#include <type_traits>

namespace weir {
namespace {

template <class... T>
constexpr bool no_aggregates = (!std::is_aggregate_v<T> && ...);
static_assert(no_aggregates<Record, Query, Filter, Field, Config, AsyncDatabase, Transaction, RecordStream, Json>);
static_assert(no_aggregates<WriteOptions, BatchOptions, StreamOptions, Partition, WriteStreamOptions,
                            TransactionOptions, CallOptions, RetryOptions, CopyOptions, CallContext>);

template <class... T>
constexpr bool results = ((std::is_default_constructible_v<T> && std::is_nothrow_move_constructible_v<T>) && ...);
static_assert(results<AsyncDatabase, Transaction, RecordStream, BatchResult, WriteStats, CopyStats, Health>);

// An options class can be made without a word (`= {}`) and chained from a temporary without a copy.
static_assert(std::is_convertible_v<decltype(WriteOptions{}.if_version("v")), WriteOptions&&>);
static_assert(!std::is_copy_constructible_v<RecordStream> && !std::is_copy_constructible_v<Transaction>);

TEST(ValueTypes, HoldAtCompileTime) { EXPECT_FALSE(std::is_aggregate_v<WriteOptions>); }

}  // namespace
}  // namespace weir
