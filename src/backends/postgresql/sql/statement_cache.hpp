#pragma once

// Which statements a connection has prepared. Pure: what happens on the wire is told to it.

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::postgres {

// A statement's way: absent → preparing → ready → dropped. A name is never used again.
class PreparedStatement {
 public:
  enum class State { preparing, ready, dropped };
  PreparedStatement(std::string text, std::string given_name) : sql(std::move(text)), name(std::move(given_name)) {}
  const std::string sql;
  const std::string name;
  State state = State::preparing;
  unsigned in_use = 0;  // executions on the wire
  bool quiet = false;   // a query that was seen to leave the session as it was
};

class StatementCache {
 public:
  using Entry = std::shared_ptr<PreparedStatement>;
  // How a statement is to be sent.
  enum class Form {
    named,    // Bind and Execute of a prepared one
    prepare,  // Parse under a name, then the same
    unnamed   // Parse, Bind, Execute without a name
  };
  struct Plan {
    Form form = Form::unnamed;
    Entry entry;
  };

  explicit StatementCache(std::size_t capacity) : capacity_(capacity) {}

  // What to send for this text. For all but `unnamed`, `finished` is to be called when the execution's result is there.
  // `cacheable` false: a text that hardly comes again.
  Plan use(std::string_view sql, bool cacheable);
  // The server has parsed it.
  void prepared(const Entry& entry) noexcept {
    if (entry->state == PreparedStatement::State::preparing) entry->state = PreparedStatement::State::ready;
  }
  // The server refused to parse it, or does not have it any longer.
  void drop(const Entry& entry);
  void finished(const Entry& entry) noexcept { --entry->in_use; }
  // Names of statements that were displaced, to be closed on the server. Empties the list.
  std::vector<std::string> take_displaced();
  // The server forgot everything (DISCARD ALL).
  void clear();
  void disable() noexcept { capacity_ = 0; }
  std::size_t size() const noexcept { return by_text_.size(); }

 private:
  struct Place {
    Entry entry;
    std::list<std::string_view>::iterator recent;
  };
  bool make_room();

  std::size_t capacity_;
  std::uint64_t next_name_ = 0;
  std::unordered_map<std::string_view, Place> by_text_;  // views into the entries
  std::list<std::string_view> recent_;                   // the one used last in front
  std::vector<std::string> displaced_;
};

}  // namespace weir::postgres
