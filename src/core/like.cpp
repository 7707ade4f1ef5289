#include "core/find_text.hpp"
#include "core/utf8.hpp"

#include <weir/error.hpp>
#include <weir/pattern.hpp>

#include <algorithm>

namespace weir {
namespace {

char fold(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool starts_character(char c) noexcept { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::size_t characters(std::string_view text) noexcept {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), starts_character));
}

// Moves over `count` characters; false when there are fewer.
bool skip_forward(std::string_view text, std::size_t& position, std::size_t count) noexcept {
  for (; count > 0; --count) {
    if (position >= text.size()) return false;
    position = core::next_character(text, position);
  }
  return true;
}

bool skip_backward(std::string_view text, std::size_t& end, std::size_t count) noexcept {
  for (; count > 0; --count) {
    if (end == 0) return false;
    --end;
    while (end > 0 && !starts_character(text[end])) --end;
  }
  return true;
}

}  // namespace

LikePattern LikePattern::parse(std::string_view pattern, Case folding) {
  LikePattern out;
  out.folding_ = folding;
  const auto add_text = [&out](char c) {
    if (out.elements_.empty() || out.elements_.back().kind != Kind::text) out.elements_.push_back({Kind::text, {}});
    out.elements_.back().text += out.folding_ == Case::fold_ascii ? fold(c) : c;
  };
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '%') {
      if (out.elements_.empty() || out.elements_.back().kind != Kind::any_run)
        out.elements_.push_back({Kind::any_run, {}});
    } else if (c == '_') {
      out.elements_.push_back({Kind::any_one, {}});
    } else if (c == '\\') {
      if (++i == pattern.size()) throw Error(errc::invalid_query, "the pattern ends with a lone backslash");
      add_text(pattern[i]);
    } else {
      add_text(c);
    }
  }
  out.compile();
  return out;
}

void LikePattern::compile() {
  segments_.emplace_back();
  for (const Element& element : elements_) {
    Segment& segment = segments_.back();
    switch (element.kind) {
      case Kind::any_run: segments_.emplace_back(); break;
      case Kind::any_one: ++segment.skip_after; break;
      case Kind::text:
        segment.pieces.push_back({segment.skip_after, element.text});
        segment.skip_after = 0;
        break;
    }
  }
  // The first and last segment are tried at one place only; the others with more than one piece are tried at many.
  for (std::size_t i = 1; i + 1 < segments_.size(); ++i) {
    if (segments_[i].pieces.size() < 2) continue;
    std::size_t length = 0;
    for (const Piece& piece : segments_[i].pieces) length += piece.skip + characters(piece.text);
    if (length > max_mixed_run)
      throw Error(errc::invalid_query,
                  "text mixed with _ over more than " + std::to_string(max_mixed_run) + " characters between two %");
  }
}

bool LikePattern::match_at(const Segment& segment, std::string_view text, std::size_t& position) {
  std::size_t at = position;
  for (const Piece& piece : segment.pieces) {
    if (!skip_forward(text, at, piece.skip) || text.compare(at, piece.text.size(), piece.text) != 0) return false;
    at += piece.text.size();
  }
  if (!skip_forward(text, at, segment.skip_after)) return false;
  position = at;
  return true;
}

bool LikePattern::match_before(const Segment& segment, std::string_view text, std::size_t& end) {
  std::size_t at = end;
  if (!skip_backward(text, at, segment.skip_after)) return false;
  for (auto piece = segment.pieces.rbegin(); piece != segment.pieces.rend(); ++piece) {
    if (!text.substr(0, at).ends_with(piece->text)) return false;
    at -= piece->text.size();
    if (!skip_backward(text, at, piece->skip)) return false;
  }
  end = at;
  return true;
}

// The leftmost match at or after `position`, which moves behind it.
bool LikePattern::search(const Segment& segment, std::string_view text, std::size_t& position) {
  if (segment.pieces.empty()) return skip_forward(text, position, segment.skip_after);
  const Piece& first = segment.pieces.front();
  std::size_t from = position;
  if (!skip_forward(text, from, first.skip)) return false;
  for (;;) {
    const std::size_t found = core::find_text(text, first.text, from);
    if (found == std::string_view::npos) return false;
    std::size_t begin = found;
    if (skip_backward(text, begin, first.skip) && match_at(segment, text, begin)) {
      position = begin;
      return true;
    }
    if (segment.pieces.size() == 1)
      return false;  // only the characters after it were missing, and later there are fewer
    from = core::next_character(text, found);
  }
}

bool LikePattern::matches_exact(std::string_view text) const {
  std::size_t position = 0;
  if (!match_at(segments_.front(), text, position)) return false;
  if (segments_.size() == 1) return position == text.size();
  std::size_t end = text.size();
  if (!match_before(segments_.back(), text, end) || end < position) return false;
  const std::string_view middle = text.substr(0, end);
  for (std::size_t i = 1; i + 1 < segments_.size(); ++i)
    if (!search(segments_[i], middle, position)) return false;
  return true;
}

bool LikePattern::matches(std::string_view text) const {
  if (folding_ == Case::exact) return matches_exact(text);
  std::string folded(text);
  std::transform(folded.begin(), folded.end(), folded.begin(), fold);
  return matches_exact(folded);
}

}  // namespace weir
