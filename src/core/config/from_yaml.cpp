// One database from a YAML file. Scalars are read as the option's type wants them, quoted or not. Merge keys
// (https://yaml.org/type/merge.html) are understood, since configurations are written with them; what they can blow up
// is bounded.

#include "core/config/tree.hpp"
#include "core/config/values.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>

namespace weir::configuration {
namespace {

constexpr int deepest_merge = 16;
constexpr std::size_t most_entries = 10'000;
constexpr std::string_view quoted = "!";  // the tag that the parser gives to what stands in quotes

// Takes what the parser says and keeps only where the last value in quotes begins.
class Listener final : public YAML::EventHandler {
 public:
  std::optional<YAML::Mark> last_quoted;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t, const std::string&) override {
    last_quoted.reset();
    if (tag == quoted) last_quoted = mark;
  }
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// Not by YAML::LoadAll: where the parser stops in front of a token that begins nothing, such as a '}' too many, LoadAll
// appends empty documents until the memory is gone (yaml-cpp 0.7).
bool holds_one_document(const std::string& text, Listener& listener) {
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  if (!parser.HandleNextDocument(listener)) return false;
  Listener next;
  return !parser.HandleNextDocument(next);
}

// The parser takes the end of the file for the quote that is missing, and what comes before it for the value.
bool is_closed(std::string_view text, std::size_t begin) {
  const auto open = text.find_first_of("'\"", begin);
  if (open == std::string_view::npos) return false;
  for (auto at = open + 1; at < text.size(); ++at) {
    if (text[at] == '\\' && text[open] == '"') {
      ++at;
    } else if (text[at] == text[open]) {
      if (text[at] == '"' || text.substr(at + 1, 1) != "'") return true;
      ++at;
    }
  }
  return false;
}

class Document {
 public:
  explicit Document(std::string file) : file_(std::move(file)) {}

  YAML::Node root(std::string_view text) const {
    try {
      constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";  // marks would count it or not
      if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
      const std::string whole(text);
      Listener listener;
      if (!holds_one_document(whole, listener)) refuse("", "file " + shown(file_) + " must hold one YAML document");
      if (listener.last_quoted && !is_closed(whole, static_cast<std::size_t>(listener.last_quoted->pos)))
        refuse("", place(*listener.last_quoted) + ": a quote is not closed");
      return YAML::Load(whole);
    } catch (const YAML::Exception& error) {
      // The library quotes from the file behind ':' and '('; that can be anything.
      const auto message = error.msg.substr(0, error.msg.find_first_of(":("));
      refuse("", place(error.mark) + ": not valid YAML: " + message);
    }
  }

  struct Member {
    std::string key;
    YAML::Node value;
    YAML::Mark mark;
  };

  // The members of a map, those that come by "<<" behind its own and only where it has none of that key.
  std::vector<Member> members(const YAML::Node& map, int depth = 0) {
    if (depth > deepest_merge) refuse("", place(map.Mark()) + ": '<<' is nested too deeply");
    std::vector<Member> result;
    std::vector<YAML::Node> merged;
    for (const auto& pair : map) {
      if (++visited_ > most_entries) refuse("", place(map.Mark()) + ": '<<' brings in too much");
      if (!pair.first.IsScalar()) refuse("", place(pair.first.Mark()) + ": a key is not a word");
      const auto key = pair.first.Scalar();
      if (key == "<<") {
        if (pair.second.IsSequence()) {
          for (const auto& element : pair.second) merged.push_back(element);
        } else {
          merged.push_back(pair.second);
        }
      } else if (has(result, key)) {
        refuse("", place(pair.first.Mark()) + ": key " + (presentable_name(key) ? "'" + key + "' " : "") +
                       "is there twice");
      } else {
        result.push_back({key, pair.second, pair.first.Mark()});
      }
    }
    for (const auto& other : merged) {
      if (!other.IsMap()) refuse("", place(other.Mark()) + ": '<<' takes a map or a list of maps");
      for (auto& member : members(other, depth + 1))
        if (!has(result, member.key)) result.push_back(std::move(member));
    }
    return result;
  }

  void flatten(const YAML::Node& map, const std::string& prefix, int depth, std::vector<Given>& out) {
    for (const auto& member : members(map)) {
      const auto name = prefix + member.key;
      const auto group = group_prefix(name);
      if (member.value.IsMap() && depth < 2 && group)
        flatten(member.value, *group, depth + 1, out);
      else
        out.push_back({name, value(member.value), false, place(member.mark)});
    }
  }

  // "people.yaml:12"
  std::string place(const YAML::Mark& mark) const {
    return mark.is_null() ? file_ : file_ + ":" + std::to_string(mark.line + 1);
  }

 private:
  static bool has(const std::vector<Member>& all, const std::string& key) {
    return std::any_of(all.begin(), all.end(), [&](const Member& member) { return member.key == key; });
  }

  // "!secret db" and the like mean something to the programs that have them.
  void refuse_tag(const YAML::Node& node) const {
    const auto& tag = node.Tag();
    if (tag.empty() || tag == "?" || tag == quoted || tag.starts_with("tag:yaml.org,2002:")) return;
    refuse("", place(node.Mark()) + ": tags are not understood; a value that begins with '!' stands in quotes");
  }

  Json value(const YAML::Node& node) const {
    refuse_tag(node);
    if (node.IsScalar()) return node.Scalar();
    if (node.IsMap()) return Json::object();
    if (!node.IsSequence()) return nullptr;
    Json list = Json::array();
    for (const auto& element : node) {
      if (!element.IsScalar()) refuse("", place(element.Mark()) + ": an element of a list is not a single value");
      refuse_tag(element);
      list.push_back(element.Scalar());
    }
    return list;
  }

  std::string file_;
  std::size_t visited_ = 0;
};

}  // namespace

std::shared_ptr<const Config::State> read_yaml(std::string_view text, const std::string& file, std::string_view name) {
  Document document(file);
  const auto root = document.root(text);
  if (!root.IsMap()) refuse("", "file " + shown(file) + " has no map 'databases'");
  std::vector<std::string> entries;
  for (const auto& top : document.members(root)) {
    if (top.key != "databases") continue;
    if (!top.value.IsMap()) refuse("", document.place(top.mark) + ": 'databases' is not a map");
    for (const auto& entry : document.members(top.value)) {
      entries.push_back(entry.key);
      if (entry.key != name) continue;
      const auto place = document.place(entry.mark);
      if (!entry.value.IsMap()) refuse("", place + ": database " + shown(name) + " is not a map");
      std::vector<Given> all;
      document.flatten(entry.value, "", 0, all);
      return read_tree("", std::move(all), place);
    }
    refuse_entry(file, name, entries);
  }
  refuse("", "file " + shown(file) + " has no map 'databases'");
}

}  // namespace weir::configuration
