#pragma once

#include "core/config/state.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::configuration {

/// One value as it was given.
struct Given {
  std::string name;  ///< as spelled there
  Json value;
  bool typed = false;  ///< from JSON; else the value is text, or a list of texts
  std::string source;  ///< "URL query", "JSON", "people.yaml:12", "environment"
};

/// Puts together the options of one database from one or several sources: resolves aliases, converts, and refuses what
/// is unknown, ill-typed or given twice with different values. Every message follows from here.
class Builder {
 public:
  explicit Builder(std::shared_ptr<const OptionSet> options);

  const OptionSet& options() const { return *options_; }
  /// Looks the name up in these forms.
  void add(const Given& given, Forms forms);
  /// The name has been looked up already.
  void add(const Given& given, const Meaning& meaning);
  /// Adds the parts of a URL, its query included.
  void add_url(std::string_view url, const std::string& source);
  /// From now on ill-formed values are warnings and ignored, as MongoDB's specification asks for in its URLs.
  void lenient(bool value) { lenient_ = value; }

  std::shared_ptr<const Config::State> finish();

 private:
  struct Entry {
    Json value;
    std::string name;
    std::string source;
  };

  void convert(const Given& given, const Meaning& meaning);
  void put(const Option& option, Json value, const Given& given);
  void put_text(std::string_view option, const std::string& value, const Given& given);
  void put_hosts(const Option& option, const Json& list, const Given& given);
  void put_user_and_password(const Given& given);
  void add_database_url(const Given& given);
  void join_hosts();
  bool has_secret() const;
  [[noreturn]] void refuse_value(const Option& option, const Given& given, const std::string& reason) const;
  [[noreturn]] void refuse_unknown(const Given& given, Forms forms) const;

  std::shared_ptr<const OptionSet> options_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::vector<Given> hosts_, ports_;
  std::vector<std::string> warnings_;
  bool lenient_ = false;
};

/// "option 'max_size' (URL query)"
std::string described(const Given& given);
/// The options of a backend by name; throws Error naming the nearest.
std::shared_ptr<const OptionSet> backend_or_refuse(std::string_view name, std::string_view source);

}  // namespace weir::configuration
