#include "cli/formats/csv_rows.hpp"

#include "cli/formats/utf8.hpp"

#include <algorithm>
#include <utility>

namespace weir::cli {
namespace {
constexpr std::size_t shown_of_long_row = 1024;
}

void CsvRows::report(CsvRow& row, std::size_t at, std::string reason) const {
  if (row.problem) return;  // what follows the first fault may only follow from it
  const auto before = input_.view().substr(0, at);
  const auto line_begin = before.rfind('\n');
  row.problem.emplace();
  row.problem->line = row.line + static_cast<std::uint64_t>(std::ranges::count(before, '\n'));
  row.problem->column =
      count_characters(line_begin == std::string_view::npos ? before : before.substr(line_begin + 1)) + 1;
  row.problem->reason = std::move(reason);
}

void CsvRows::end_cell(std::size_t end) {
  piece_.end = piece_.quoted && state_ == State::quote_in_quoted ? end - 1 : end;
  pieces_.push_back(piece_);
  state_ = State::cell_begin;
}

// Steps over what cannot change the state: nearly everything.
std::size_t CsvRows::next_special(std::string_view view, std::size_t at) const {
  if (row_ended_) return at;
  if (state_ == State::quoted) return std::min(view.find('"', at), view.size());
  if (state_ == State::plain)
    while (at < view.size() && view[at] != delimiter_ && view[at] != '\n' && view[at] != '"') ++at;
  return at;
}

void CsvRows::step(char byte, std::size_t at, CsvRow& row) {
  switch (state_) {
    case State::cell_begin:
      piece_ = Piece{at, at, false, false};
      if (byte == '"') {
        piece_.begin = at + 1;
        piece_.quoted = true;
        quote_at_ = at;
        state_ = State::quoted;
        return;
      }
      state_ = State::plain;
      break;
    case State::plain:
      if (byte == '"')
        report(row, at,
               "a quote inside a cell that does not begin with one; such a cell is written \"like \"\"this\"\"\"");
      break;
    case State::quoted:
      if (byte == '"') state_ = State::quote_in_quoted;
      return;
    case State::quote_in_quoted:
      if (byte == '"') {
        piece_.doubled = true;
        state_ = State::quoted;
        return;
      }
      if ((byte != delimiter_ && byte != '\n' && byte != '\r') ||
          (byte != '\n' && at > 0 && input_.view()[at - 1] == '\r')) {
        report(row, at, "after the closing quote of a cell comes a delimiter or the end of the line");
        state_ = State::plain;
      }
      break;
  }
  if (byte == delimiter_) {
    end_cell(at);
  } else if (byte == '\n') {
    // The carriage return of CRLF belongs to the end of the line.
    const auto view = input_.view();
    const bool after_return = at > 0 && view[at - 1] == '\r' && at > piece_.begin && state_ != State::cell_begin;
    end_cell(after_return ? at - 1 : at);
    row_ended_ = true;
  }
}

// Finds the end of the row; false when it is longer than the limit.
bool CsvRows::scan(CsvRow& row) {
  state_ = State::cell_begin;
  row_ended_ = false;
  pieces_.clear();
  std::size_t at = 0;
  for (;;) {
    for (auto view = input_.view(); (at = next_special(view, at)) < view.size() && !row_ended_; ++at)
      step(view[at], at, row);
    if (row_ended_) {
      row.size = at;
      return at <= limit_ + 2;
    }
    if (at > limit_) return false;
    if (input_.fill()) continue;
    if (state_ == State::quoted) {
      const auto opened =
          row.line + static_cast<std::uint64_t>(std::ranges::count(input_.view().substr(0, quote_at_), '\n'));
      report(row, quote_at_, "the quoted cell that begins on line " + std::to_string(opened) + " is never closed");
    }
    if (state_ == State::cell_begin) piece_ = Piece{at, at, false, false};  // the file ends after a delimiter
    const bool after_return = at > piece_.begin && input_.view()[at - 1] == '\r';
    end_cell(state_ != State::quoted && after_return ? at - 1 : at);
    row.size = at;
    return at <= limit_;
  }
}

void CsvRows::skip_long_row(CsvRow& row) {
  row.problem.emplace();
  row.problem->code = errc::too_large;
  row.problem->line = row.line;
  row.problem->text = input_.view().substr(0, shown_of_long_row);
  bool in_quotes = state_ == State::quoted;
  if (row_ended_) {
    line_ += static_cast<std::uint64_t>(std::ranges::count(input_.view().substr(0, row.size), '\n'));
    input_.consume(row.size);
  } else {
    // All of view() was seen. What is left is not kept, only followed to the end of the row.
    std::uint64_t lines = static_cast<std::uint64_t>(std::ranges::count(input_.view(), '\n'));
    input_.consume(input_.view().size());
    bool ended = false;
    CsvRow ignored;
    ignored.problem.emplace();
    while (!ended && input_.fill()) {
      const auto view = input_.view();
      std::size_t at = 0;
      while (!ended && (at = next_special(view, at)) < view.size()) {
        ended = view[at] == '\n' && state_ != State::quoted;
        if (!ended) step(view[at], 0, ignored);
        pieces_.clear();
        ++at;
      }
      lines += static_cast<std::uint64_t>(std::ranges::count(view.substr(0, at), '\n'));
      input_.consume(at);
    }
    line_ += lines;
    in_quotes = state_ == State::quoted && !ended;
  }
  row.size = input_.offset() - row.offset;
  row.problem->reason = "a row of " + std::to_string(row.size) + " bytes, more than the limit of " + size_text(limit_);
  if (in_quotes) row.problem->reason += "; a quoted cell in it is never closed";
}

void CsvRows::fill_cells(CsvRow& row) {
  const auto view = input_.view().substr(0, row.size);
  row.text = view;
  while (!row.text.empty() && (row.text.back() == '\n' || row.text.back() == '\r')) row.text.pop_back();
  if (!row.problem) {
    if (const auto bad = invalid_utf8(view)) report(row, *bad, "not UTF-8");
    if (const auto nul = view.find('\0'); nul != std::string_view::npos)
      report(row, nul, "a NUL byte, which no store takes");
  }
  row.cells.resize(pieces_.size());
  auto line = row.line;
  std::size_t counted = 0;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const auto& piece = pieces_[i];
    auto& cell = row.cells[i];
    line += static_cast<std::uint64_t>(std::ranges::count(view.substr(counted, piece.begin - counted), '\n'));
    counted = piece.begin;
    cell.line = line;
    cell.quoted = piece.quoted;
    cell.text = view.substr(piece.begin, piece.end - piece.begin);
    if (!piece.doubled) continue;
    std::string plain;
    for (std::size_t at = 0; at < cell.text.size(); ++at) {
      plain += cell.text[at];
      if (cell.text[at] == '"') ++at;
    }
    cell.text = std::move(plain);
  }
  line_ += static_cast<std::uint64_t>(std::ranges::count(view, '\n'));
}

bool CsvRows::next(CsvRow& row) {
  for (;;) {
    row.problem.reset();
    row.cells.clear();
    row.text.clear();
    if (input_.view().empty() && !input_.fill()) return false;
    row.line = line_;
    row.offset = input_.offset();
    if (!scan(row)) {
      skip_long_row(row);
      return true;
    }
    fill_cells(row);
    input_.consume(row.size);
    if (row.problem) row.problem->text = row.text;
    const bool empty_line = row.cells.size() == 1 && !row.cells.front().quoted && row.cells.front().text.empty();
    if (!empty_line || row.problem) return true;
  }
}

}  // namespace weir::cli
