#include "conformance/differential.hpp"

#include "conformance/suite.hpp"
#include "support/reference.hpp"

#include <algorithm>

namespace weir::conformance {
namespace {

std::vector<Record> by_id(std::vector<Record> records) {
  std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.id < b.id; });
  return records;
}

std::string texts(const std::vector<Record>& records) {
  Json out = Json::array();
  for (const auto& one : records) {
    Json row = Json::object();
    row["id"] = one.id;
    row["fields"] = one.fields;
    if (!one.metadata.empty()) row["metadata"] = one.metadata;
    out.push_back(std::move(row));
  }
  return out.dump();
}

std::optional<std::string> compared(const char* side, const std::vector<Record>& expected,
                                    const std::vector<Record>& got) {
  const auto same = same_records(expected, got);
  if (same) return std::nullopt;
  return std::string(side) + ": " + same.message();
}

// The naive reading and the library's own evaluator have to agree, else nobody knows who is wrong.
std::optional<std::string> evaluators_differ(const std::vector<Record>& records, const Query& query) {
  const Json filter = query.filter().to_json();
  for (const auto& one : records)
    if (query.compare(one) != test::satisfies(filter, one))
      return "Query::compare and the naive evaluator differ on " + one.fields.dump();
  return std::nullopt;
}

Query from(const Json& json) { return Query::from_json(json); }

// "", "a", the two halves, and the string without its first and its last character; characters stay whole.
void shorter_strings(const std::string& text, const std::function<void(std::string)>& add) {
  if (text.empty()) return;
  add("");
  if (text.size() == 1) return;
  add("a");
  std::vector<std::size_t> starts;
  for (std::size_t i = 0; i < text.size(); ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0U) != 0x80U) starts.push_back(i);
  if (starts.size() < 2) return;
  const auto middle = starts[starts.size() / 2];
  add(text.substr(0, middle));
  add(text.substr(middle));
  add(text.substr(starts[1]));
  add(text.substr(0, starts.back()));
}

// Every value that is a step smaller.
void smaller_values(const Json& value, const std::function<void(Json)>& add) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) {
      Json fewer = value;
      fewer.erase(key);
      add(std::move(fewer));
      smaller_values(inner, [&value, &add, &name = key](Json smaller) {
        Json changed = value;
        changed[name] = std::move(smaller);
        add(std::move(changed));
      });
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      Json fewer = value;
      fewer.erase(i);
      add(std::move(fewer));
      smaller_values(value[i], [&](Json smaller) {
        Json changed = value;
        changed[i] = std::move(smaller);
        add(std::move(changed));
      });
    }
  } else if (value.is_string()) {
    shorter_strings(value.get_ref<const std::string&>(), [&add](std::string shorter) { add(std::move(shorter)); });
  } else if (value.is_number() && value != 0) {
    add(0);
  }
}

// Every query that is a step smaller.
void smaller_filters(const Json& filter, const std::function<void(Json)>& add) {
  for (const char* kind : {"and", "or"}) {
    if (!filter.contains(kind)) continue;
    const auto& children = filter[kind];
    for (std::size_t i = 0; i < children.size(); ++i) {
      add(children[i]);
      Json fewer = filter;
      fewer[kind].erase(i);
      add(std::move(fewer));
      smaller_filters(children[i], [&](Json smaller) {
        Json changed = filter;
        changed[kind][i] = std::move(smaller);
        add(std::move(changed));
      });
    }
  }
  if (filter.contains("not")) {
    add(filter["not"]);
    smaller_filters(filter["not"], [&](Json smaller) {
      Json changed = filter;
      changed["not"] = std::move(smaller);
      add(std::move(changed));
    });
  }
  if (!filter.contains("op") || !filter.contains("value")) return;
  auto with_value = [&](Json value) {
    Json changed = filter;
    changed["value"] = std::move(value);
    add(std::move(changed));
  };
  if (filter.contains("path")) {  // a question without a value is smaller than one with
    Json exists = Json::object();
    exists["path"] = filter["path"];
    exists["op"] = "exists";
    add(std::move(exists));
  }
  smaller_values(filter["value"], with_value);  // what becomes malformed by it is no candidate
}

std::vector<Query> smaller_queries(const Query& query) {
  std::vector<Query> out;
  auto add = [&](const Json& json) {
    try {
      out.push_back(from(json));
    } catch (const Error&) {  // made smaller it is malformed: no candidate
    }
  };
  const Json json = query.to_json();
  for (const char* part : {"where", "order_by", "limit", "offset", "select"}) {
    if (!json.contains(part)) continue;
    Json without = json;
    without.erase(part);
    add(without);
  }
  for (const char* list : {"order_by", "select"}) {
    if (!json.contains(list)) continue;
    for (std::size_t i = 0; i < json[list].size(); ++i) {
      Json fewer = json;
      fewer[list].erase(i);
      add(fewer);
    }
  }
  if (json.contains("where"))
    smaller_filters(json["where"], [&](Json filter) {
      Json changed = json;
      changed["where"] = std::move(filter);
      add(changed);
    });
  return out;
}

class Shrinker {
 public:
  Shrinker(Difference difference, const StillWrong& still_wrong, std::size_t tries)
      : best_(std::move(difference)), still_wrong_(still_wrong), tries_(tries) {}

  Difference run() {
    while (fewer_records() || smaller_query() || smaller_records()) {
    }
    return std::move(best_);
  }

 private:
  bool keeps(const std::vector<Record>& records, const Query& query) {
    if (tries_ == 0) return false;
    --tries_;
    std::optional<std::string> what;
    try {
      what = still_wrong_(records, query);
    } catch (const std::exception& error) {
      what = error.what();
    }
    if (!what) return false;
    best_.records = records;
    best_.query = query;
    best_.what = *what;
    return true;
  }

  // Whole stretches first, then one by one.
  bool fewer_records() {
    for (std::size_t stretch = std::max<std::size_t>(best_.records.size() / 2, 1);; stretch /= 2) {
      for (std::size_t at = 0; at < best_.records.size(); at += stretch) {
        auto fewer = best_.records;
        const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(at);
        fewer.erase(first, first + static_cast<std::ptrdiff_t>(std::min(stretch, fewer.size() - at)));
        if (keeps(fewer, best_.query)) return true;
      }
      if (stretch == 1) return false;
    }
  }

  bool smaller_query() {
    for (const auto& query : smaller_queries(best_.query))
      if (keeps(best_.records, query)) return true;
    return false;
  }

  bool smaller_records() {
    for (std::size_t i = 0; i < best_.records.size(); ++i) {
      std::vector<Record> candidates;
      auto add = [&](Json fields) {
        Record changed = best_.records[i];
        changed.fields = std::move(fields);
        candidates.push_back(std::move(changed));
      };
      if (!best_.records[i].metadata.empty()) {
        Record plain = best_.records[i];
        plain.metadata = Json::object();
        candidates.push_back(std::move(plain));
      }
      smaller_values(best_.records[i].fields, add);
      for (auto& candidate : candidates) {
        auto records = best_.records;
        records[i] = std::move(candidate);
        if (keeps(records, best_.query)) return true;
      }
    }
    return false;
  }

  Difference best_;
  const StillWrong& still_wrong_;
  std::size_t tries_;
};

}  // namespace

awaitable<std::optional<std::string>> difference(AsyncDatabase database, std::vector<Record> records, Query query,
                                                 bool pattern_limits) {
  if (auto differ = evaluators_differ(records, query)) co_return differ;
  const auto expected = test::reference_search(records, query);
  std::string failure;
  try {
    const auto searched = co_await database.search(query);
    if (auto wrong = compared("search", expected, searched)) co_return wrong;
    const auto matching = static_cast<std::uint64_t>(
        std::count_if(records.begin(), records.end(), [&](const Record& one) { return query.compare(one); }));
    const auto counted = co_await database.count(query);
    if (counted != matching)
      co_return "count: expected " + std::to_string(matching) + ", got " + std::to_string(counted);
    StreamOptions pieces;
    pieces.batch_size(7);
    const auto streamed = co_await drained(database.stream(query, pieces));
    if (!query.order().empty()) {
      if (auto wrong = compared("stream", expected, streamed)) co_return wrong;
    } else if (!query.limit() && query.offset() == 0) {
      if (auto wrong = compared("stream, whatever its order", expected, by_id(streamed))) co_return wrong;
    } else if (streamed.size() != expected.size()) {
      co_return "stream: expected " + std::to_string(expected.size()) + " records, got " +
          std::to_string(streamed.size());
    }
    co_return std::nullopt;
  } catch (const Error& error) {
    if (pattern_limits && error.kind() == errc::unsupported) co_return std::nullopt;
    failure = error.what();
  }
  co_return "threw " + failure;
}

Difference shrink(Difference found, const StillWrong& still_wrong, std::size_t tries) {
  return Shrinker(std::move(found), still_wrong, tries).run();
}

std::string describe(const Difference& difference, std::uint64_t seed) {
  return difference.what + "\n  WEIR_SEED=" + std::to_string(seed) + "\n  records: " + texts(difference.records) +
         "\n  query:   " + difference.query.to_json().dump();
}

}  // namespace weir::conformance
