#include "backends/postgresql/sql/statement_cache.hpp"

namespace weir::postgres {
namespace {

// A text as long as this is made for one call.
constexpr std::size_t longest_cached = 15 * 1024;

}  // namespace

StatementCache::Plan StatementCache::use(std::string_view sql, bool cacheable) {
  if (capacity_ == 0 || !cacheable || sql.size() > longest_cached) return {};
  if (const auto found = by_text_.find(sql); found != by_text_.end()) {
    Place& place = found->second;
    recent_.splice(recent_.begin(), recent_, place.recent);
    if (place.entry->state != PreparedStatement::State::ready) return {};  // its Parse is on its way with another
    ++place.entry->in_use;
    return {Form::named, place.entry};
  }
  if (by_text_.size() >= capacity_ && !make_room()) return {};
  auto entry = std::make_shared<PreparedStatement>(std::string(sql), "weir_" + std::to_string(++next_name_));
  ++entry->in_use;
  recent_.push_front(entry->sql);
  by_text_.emplace(entry->sql, Place{entry, recent_.begin()});
  return {Form::prepare, std::move(entry)};
}

// The least recently used that nobody is executing.
bool StatementCache::make_room() {
  for (auto at = recent_.rbegin(); at != recent_.rend(); ++at) {
    const auto found = by_text_.find(*at);
    const Entry entry = found->second.entry;
    if (entry->in_use != 0 || entry->state != PreparedStatement::State::ready) continue;
    drop(entry);
    displaced_.push_back(entry->name);
    return true;
  }
  return false;
}

void StatementCache::drop(const Entry& entry) {
  entry->state = PreparedStatement::State::dropped;
  const auto found = by_text_.find(entry->sql);
  if (found == by_text_.end() || found->second.entry != entry) return;
  recent_.erase(found->second.recent);
  by_text_.erase(found);
}

std::vector<std::string> StatementCache::take_displaced() { return std::exchange(displaced_, {}); }

void StatementCache::clear() {
  for (auto& [text, place] : by_text_) place.entry->state = PreparedStatement::State::dropped;
  recent_.clear();
  by_text_.clear();
  displaced_.clear();
}

}  // namespace weir::postgres
