#include "cli/formats/json_lines_reader.hpp"

#include "cli/formats/text_start.hpp"
#include "cli/formats/utf8.hpp"

#include <utility>

namespace weir::cli {
namespace {

constexpr std::size_t shown_of_long_line = 1024;

bool blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

}  // namespace

JsonLinesReader::JsonLinesReader(ByteSource& source, ReaderOptions options)
    : options_(std::move(options)),
      input_(source, position_number(options_, "offset", 0)),
      line_(position_number(options_, "line", 1)),
      begun_(input_.offset() > 0) {}

bool JsonLinesReader::next(Document& document) {
  if (!begun_) begin_text(input_, options_.file());
  begun_ = true;
  while (next_line(document))
    if (document.problem || !document.value.is_discarded()) return true;
  return false;
}

// Leaves a discarded value for a blank line.
bool JsonLinesReader::next_line(Document& document) {
  document.problem.reset();
  document.text.clear();
  document.value = Json(Json::value_t::discarded);
  std::size_t searched = 0;
  std::size_t end = std::string_view::npos;
  for (;;) {
    end = input_.view().find('\n', searched);
    if (end != std::string_view::npos || input_.view().size() > options_.max_item_bytes()) break;
    searched = input_.view().size();
    if (!input_.fill()) break;
  }
  const auto view = input_.view();
  if (view.empty()) return false;
  document.line = line_++;
  document.offset = input_.offset();
  const std::size_t length = std::min(end, view.size());
  if (length > options_.max_item_bytes()) {
    skip_long_line(document);
    return true;
  }
  const auto text = view.substr(0, length);
  document.size = length + (end == std::string_view::npos ? 0 : 1);
  if (!blank(text)) parse(text, document);
  input_.consume(document.size);
  return true;
}

void JsonLinesReader::skip_long_line(Document& document) {
  document.problem.emplace();
  document.problem->code = errc::too_large;
  document.problem->line = document.line;
  document.problem->text = input_.view().substr(0, shown_of_long_line);
  std::size_t end = input_.view().find('\n');
  while (end == std::string_view::npos) {
    input_.consume(input_.view().size());
    if (!input_.fill()) break;
    end = input_.view().find('\n');
  }
  if (end != std::string_view::npos) input_.consume(end + 1);
  document.size = input_.offset() - document.offset;
  document.problem->reason = "a line of " + std::to_string(document.size) + " bytes, more than the limit of " +
                             size_text(options_.max_item_bytes());
}

void JsonLinesReader::parse(std::string_view text, Document& document) const {
  try {
    document.value = parse_json(text);
    if (options_.keep_text()) document.text = text;
  } catch (const JsonTextError& error) {
    const std::size_t before = error.position() == 0 ? 0 : std::min(error.position() - 1, text.size());
    document.problem.emplace();
    document.problem->code = error.code();
    document.problem->line = document.line;
    document.problem->column = error.position() == 0 ? 0 : count_characters(text.substr(0, before)) + 1;
    document.problem->reason = error.reason();
    document.problem->text = text;
  }
}

Json JsonLinesReader::position() const {
  Json position = Json::object();
  position["offset"] = input_.offset();
  position["line"] = line_;
  return position;
}

}  // namespace weir::cli
