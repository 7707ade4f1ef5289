#include "cli/formats/json_array_reader.hpp"

#include "cli/formats/text_start.hpp"
#include "cli/formats/utf8.hpp"

#include <charconv>
#include <utility>

namespace weir::cli {

std::vector<std::string> parse_pointer(std::string_view pointer) {
  const auto fail = [pointer](const std::string& why) {
    throw Error(errc::invalid_argument,
                "--at \"" + excerpt(pointer) + "\" is no JSON pointer (RFC 6901): " + why + "; for example /data/rows");
  };
  std::vector<std::string> tokens;
  if (pointer.empty()) return tokens;
  if (pointer.front() != '/') fail("it begins with a slash");
  for (const char byte : pointer) {
    if (byte == '/')
      tokens.emplace_back();
    else
      tokens.back() += byte;
  }
  for (auto& token : tokens) {
    std::string plain;
    for (std::size_t at = 0; at < token.size(); ++at) {
      if (token[at] != '~') {
        plain += token[at];
        continue;
      }
      const char code = at + 1 < token.size() ? token[++at] : '\0';
      if (code != '0' && code != '1') fail("after ~ comes 0 or 1");
      plain += code == '0' ? '~' : '/';
    }
    token = std::move(plain);
  }
  return tokens;
}

JsonArrayReader::JsonArrayReader(ByteSource& source, ReaderOptions options)
    : options_(std::move(options)),
      input_(source, position_number(options_, "offset", 0)),
      scanner_(input_, options_.file(), position_number(options_, "line", 1)),
      pointer_(parse_pointer(options_.at())) {
  if (!options_.from()) return;
  const auto& from = *options_.from();
  around_ = from.value("around", std::string());
  first_ = from.value("first", false);
  entered_ = from.value("entered", false);
  ended_ = from.value("ended", false);
}

void JsonArrayReader::not_there(const std::string& why) const {
  throw Error(errc::invalid_argument, options_.file() + ":" + std::to_string(scanner_.line()) + ": " + why);
}

void JsonArrayReader::enter_array() {
  begin_text(input_, options_.file());
  if (scanner_.peek() < 0) not_there("the input is empty, not a JSON document");
  for (const auto& token : pointer_) {
    switch (scanner_.peek()) {
      case '{': enter_member(token); break;
      case '[': enter_element(token); break;
      default: not_there("--at " + options_.at() + ": the way to \"" + token + "\" leads through a plain value");
    }
  }
  if (scanner_.peek() != '[') {
    if (options_.at().empty())
      not_there(
          "the document is no array; --at POINTER names one inside it, and --format jsonl reads one value a line");
    not_there("--at " + options_.at() + " is no array");
  }
  scanner_.take();
  entered_ = true;
}

void JsonArrayReader::enter_member(const std::string& key) {
  scanner_.take();
  around_ += '{';
  for (bool first = true;; first = false) {
    if (scanner_.peek() == '}') break;
    if (!first) {
      if (scanner_.peek() != ',') scanner_.fail("a comma or } should be here");
      scanner_.take();
    }
    const auto name = scanner_.read_key();
    if (scanner_.peek() != ':') scanner_.fail("a colon should be here");
    scanner_.take();
    if (name == key) {
      scanner_.peek();
      return;
    }
    scanner_.skip_value();
  }
  not_there("--at " + options_.at() + ": there is no key \"" + excerpt(key) + "\"");
}

void JsonArrayReader::enter_element(const std::string& index) {
  scanner_.take();
  around_ += '[';
  std::uint64_t wanted = 0;
  const auto [end, error] = std::from_chars(index.data(), index.data() + index.size(), wanted);
  if (error != std::errc{} || end != index.data() + index.size() || (index.size() > 1 && index.front() == '0'))
    not_there("--at " + options_.at() + ": \"" + excerpt(index) + "\" is no index of an array");
  for (std::uint64_t at = 0;; ++at) {
    if (scanner_.peek() == ']') break;
    if (at > 0) {
      if (scanner_.peek() != ',') scanner_.fail("a comma or ] should be here");
      scanner_.take();
    }
    if (at == wanted) {
      scanner_.peek();
      return;
    }
    scanner_.skip_value();
  }
  not_there("--at " + options_.at() + ": there is no element " + index);
}

bool JsonArrayReader::next(Document& document) {
  if (ended_) return false;
  if (!entered_) enter_array();
  const int byte = scanner_.peek();
  if (byte == ']') {
    scanner_.take();
    leave_document();
    ended_ = true;
    return false;
  }
  if (byte < 0) scanner_.fail("the document ends inside the array");
  if (!first_) {
    if (byte != ',') scanner_.fail("a comma or ] should be here");
    scanner_.take();
    if (scanner_.peek() == ']') scanner_.fail("an element should be here after the comma");
  }
  first_ = false;
  read_element(document);
  return true;
}

void JsonArrayReader::read_element(Document& document) {
  document.problem.reset();
  document.text.clear();
  document.value = nullptr;
  scanner_.peek();
  document.line = scanner_.line();
  document.offset = scanner_.offset();
  const auto column = scanner_.column();
  std::string text;
  const bool whole = scanner_.read_value(text, options_.max_item_bytes(), document.size);
  const auto report = [&](errc code, std::uint64_t line, std::uint64_t at, std::string reason) {
    document.problem.emplace();
    document.problem->code = code;
    document.problem->line = line;
    document.problem->column = at;
    document.problem->reason = std::move(reason);
    document.problem->text = std::move(text);
  };
  if (!whole) {
    report(errc::too_large, document.line, column,
           "an element of " + std::to_string(document.size) + " bytes, more than the limit of " +
               size_text(options_.max_item_bytes()));
    return;
  }
  try {
    document.value = parse_json(text);
    if (options_.keep_text()) document.text = std::move(text);
  } catch (const JsonTextError& error) {
    if (error.position() == 0) {
      report(error.code(), document.line, column, error.reason());
      return;
    }
    const auto before = std::string_view(text).substr(0, error.position() - 1);
    const auto line_begin = before.rfind('\n');
    const auto lines = static_cast<std::uint64_t>(std::ranges::count(before, '\n'));
    const auto at = line_begin == std::string_view::npos ? column + count_characters(before)
                                                         : count_characters(before.substr(line_begin + 1)) + 1;
    report(error.code(), document.line + lines, at, error.reason());
  }
}

void JsonArrayReader::leave_document() {
  while (!around_.empty()) {
    const bool object = around_.back() == '{';
    const int byte = scanner_.peek();
    if (byte == (object ? '}' : ']')) {
      scanner_.take();
      around_.pop_back();
      continue;
    }
    if (byte != ',')
      scanner_.fail(byte < 0 ? "the document is cut off: brackets are not closed"
                             : "a comma or a closing bracket should be here");
    scanner_.take();
    if (object) {
      scanner_.read_key();
      if (scanner_.peek() != ':') scanner_.fail("a colon should be here");
      scanner_.take();
    }
    scanner_.skip_value();
  }
  if (scanner_.peek() >= 0) scanner_.fail("something follows the end of the document");
}

Json JsonArrayReader::position() const {
  Json position = Json::object();
  position["offset"] = scanner_.offset();
  position["line"] = scanner_.line();
  position["around"] = around_;
  position["first"] = first_;
  position["entered"] = entered_;
  position["ended"] = ended_;
  return position;
}

}  // namespace weir::cli
