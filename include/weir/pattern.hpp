#pragma once

/// @file
/// Patterns of `like`, `ilike` and `regex`: parsed once when a filter is made, matched in linear time, and open as data
/// so that a backend can write them in its own dialect (a pattern is never rewritten as text).

#include <weir/export.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// `%` is any run, `_` one code point, `\x` is x; the whole string must match; newlines are characters like others.
class WEIR_API LikePattern {
 public:
  enum class Kind { text, any_one, any_run };
  struct Element {
    Kind kind;
    std::string text;  ///< of Kind::text, never empty; for a folding pattern in lower case
  };
  /// `ignore_case` folds A–Z and nothing else (`ilike`).
  enum class Case { exact, fold_ascii };
  /// Between two `%`, text and `_` may be mixed over at most so many characters, which bounds the time of a match.
  static constexpr std::size_t max_mixed_run = 1000;

  /// @throws Error invalid_query for a trailing backslash or a mixed run that is too long.
  static LikePattern parse(std::string_view pattern, Case folding = Case::exact);

  /// Adjacent text is one element, adjacent `%` are one.
  const std::vector<Element>& elements() const noexcept { return elements_; }
  Case folding() const noexcept { return folding_; }
  bool matches(std::string_view text) const;

 private:
  struct Piece {
    std::size_t skip = 0;  // code points of any kind before the text
    std::string text;
  };
  struct Segment {  // what stands between two runs
    std::vector<Piece> pieces;
    std::size_t skip_after = 0;
  };
  void compile();
  bool matches_exact(std::string_view text) const;
  static bool match_at(const Segment& segment, std::string_view text, std::size_t& position);
  static bool match_before(const Segment& segment, std::string_view text, std::size_t& end);
  static bool search(const Segment& segment, std::string_view text, std::size_t& position);

  std::vector<Element> elements_;
  std::vector<Segment> segments_;
  Case folding_ = Case::exact;
};

/// A node of a parsed regular expression.
struct RegexNode {
  enum class Kind { character, any, char_class, sequence, alternation, repeat };
  struct Range {
    char32_t first;
    char32_t last;
  };
  Kind kind = Kind::any;
  char32_t character = 0;           ///< of `character`
  bool negated = false;             ///< of `char_class`
  std::vector<Range> ranges;        ///< of `char_class`, never empty
  std::vector<RegexNode> children;  ///< of `sequence` and `alternation` two or more, of `repeat` one
  unsigned min = 0;                 ///< of `repeat`
  std::optional<unsigned> max;      ///< of `repeat`; empty = without bound
};

/// The regular expressions that all stores share. The whole string must match and `.` matches newlines.
///
/// Literals, `.`, classes, `* + ? {m} {m,} {m,n}` with counts up to 255, `|` and groups; at most 1,000 characters; `\`
/// only before ASCII punctuation, and in a class `[ ] ^ - & ~` have to be escaped. No empty alternative, no double or
/// lazy quantifier, no `^ $ (? \d`.
class WEIR_API Regex {
 public:
  static constexpr std::size_t max_characters = 1000;
  static constexpr unsigned max_count = 255;

  /// @throws Error invalid_query saying where and why.
  static Regex parse(std::string_view pattern);

  const std::string& pattern() const noexcept;
  const RegexNode& root() const noexcept;
  /// In time linear in the text, whatever the pattern. Thread-safe. @throws Error unsupported for a pattern too large
  /// for that.
  bool matches(std::string_view text) const;

 private:
  struct State;
  explicit Regex(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

}  // namespace weir
