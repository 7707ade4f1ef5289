#include <weir/error.hpp>
#include <weir/query.hpp>

namespace weir {

Query& Query::where(Filter condition) & {
  filter_ = std::move(filter_) && std::move(condition);
  return *this;
}

Query& Query::select(std::vector<std::string> paths) & {
  std::vector<Path> parsed;
  parsed.reserve(paths.size());
  for (const auto& path : paths) parsed.push_back(Path::parse(path));
  select_ = std::move(parsed);
  return *this;
}

Query& Query::add_key(Path path, Order order) {
  if (order_.size() == max_order_keys)
    throw Error(errc::invalid_query, "more than " + std::to_string(max_order_keys) + " keys to order by");
  order_.push_back({std::move(path), order});
  return *this;
}

}  // namespace weir
