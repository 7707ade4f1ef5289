#pragma once

#include "backends/elasticsearch/mapping.hpp"
#include "backends/elasticsearch/product.hpp"
#include "backends/elasticsearch/settings.hpp"
#include "backends/elasticsearch/transport.hpp"

#include <weir/awaitable.hpp>
#include <weir/error.hpp>
#include <weir/record.hpp>

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace weir::elasticsearch {

using TimePoint = std::chrono::steady_clock::time_point;

/// What is known of the server and the index; never changed, only replaced.
struct Known {
  Product product;
  std::shared_ptr<const Mapping> mapping;
};

/// What a backend, its streams and its native handle share.
struct Link {
  explicit Link(Settings all);
  const Settings settings;
  const std::string index_target;  ///< "/people"
  const std::shared_ptr<Transport> transport;

  std::optional<Known> known() const;
  void set(Known known);
  /// Adds what was put into the mapping, to whatever is known by now.
  Known add(const std::vector<NewField>& fields);

 private:
  mutable std::mutex mutex_;
  std::optional<Known> known_;
};
using LinkPtr = std::shared_ptr<Link>;

/// Sends a request and takes any answer in the 200s; `also` is another status that is one.
/// @throws Error of every other status
awaitable<http::Response> ask(LinkPtr link, Call call, int also = 0);

/// The engine and the index: asked once, the index made when it is not there and may be.
awaitable<Known> open_index(LinkPtr link, TimePoint deadline);
/// The same with the mapping as it is now.
awaitable<Known> read_again(LinkPtr link, TimePoint deadline);
/// The same, with the mapping as it is now when the query names what is not known.
awaitable<Known> open_index_for(LinkPtr link, Query query, TimePoint deadline);

/// Makes new fields known to the index. When the server refuses (somebody else was first, with another type), the
/// mapping is read again.
/// @returns what is known then; whoever asked checks once more
awaitable<Known> put_fields(LinkPtr link, std::vector<NewField> fields, TimePoint deadline);

/// The document of a record, after its fields were made known. Throws Error naming the path that does not fit.
awaitable<std::string> source_of(LinkPtr link, Record record, TimePoint deadline);

}  // namespace weir::elasticsearch
