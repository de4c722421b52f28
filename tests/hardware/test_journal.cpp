// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "hardware/replay/journal.h"
#include "hardware/replay/result_text.h"
#include "runtime/base/error.h"

using namespace qmtl;
using enum ReplayState;

namespace {

const std::string journal_identity(64, 'a');

/// A journal in memory.
struct Book {
  std::string text;
  ReplayJournal open(const std::string& of = journal_identity) {
    return ReplayJournal(text, "j.jsonl", of, [this](std::string_view line) { text += line; });
  }
};

JournalEntry entry(ReplayState state, int job = 0, int attempt = 1) {
  JournalEntry made;
  made.state = state;
  made.job = job;
  made.attempt = attempt;
  made.tag = "t" + std::to_string(job) + "-" + std::to_string(attempt);
  if (state == planned) made.estimate = 2.5, made.executions = 100, made.request = "shape";
  if (state == submitted) made.ids = {"id"};
  made.time = 7;
  return made;
}

Book written(std::initializer_list<ReplayState> states) {
  Book book;
  ReplayJournal journal = book.open();
  for (ReplayState state : states) journal.record(entry(state));
  return book;
}

}  // namespace

TEST_CASE("A journal says after a restart what was written", "[journal]") {
  Book book = written({planned, submitting, submitted, completed});
  ReplayJournal journal = book.open();
  REQUIRE(journal.jobs().size() == 1);
  const JobRecord& job = journal.jobs()[0];
  CHECK(job.last.state == completed);
  CHECK(job.last.ids == std::vector<std::string>{"id"});
  CHECK(job.last.estimate == 2.5);
  CHECK(job.last.request == "shape");
  CHECK(job.submit_time == 7);
}

TEST_CASE("A further job's rows are read as they were written, through every attempt", "[journal]") {
  Book book = written({planned, submitting, submitted, completed, fetched});
  ReplayJournal journal = book.open();
  JournalEntry further = entry(planned, 1);
  further.sweeps = {{2, 5, 3}, {4, 0, 1}};
  journal.record(further);
  journal.record(entry(cancelled, 1));
  journal.record(entry(planned, 1, 2));
  CHECK(book.open().jobs()[0].last.sweeps.empty());
  CHECK(book.open().jobs()[1].last.sweeps == further.sweeps);
}

TEST_CASE("Results that were asked for again are right beside those before", "[journal]") {
  Book book = written({planned, submitting, submitted, completed});
  ReplayJournal journal = book.open();
  for (const char* hash : {"one", "two"}) {
    JournalEntry line = entry(fetched);
    line.file_hash = hash;
    journal.record(line);
  }
  CHECK((book.open().jobs()[0].wrote("one") && book.open().jobs()[0].wrote("two")));
  CHECK_FALSE(book.open().jobs()[0].wrote("three"));
}

TEST_CASE("A journal cut short anywhere is read as far as its whole lines, and goes on", "[journal]") {
  const std::string all = written({planned, submitting, submitted, completed, fetched}).text;
  std::size_t lines = 0;
  for (std::size_t size = 0; size <= all.size(); ++size) {
    INFO("cut after " << size << " bytes");
    Book book{whole_lines(all.substr(0, size))};
    lines = static_cast<std::size_t>(std::count(book.text.begin(), book.text.end(), '\n'));
    ReplayJournal journal = book.open();
    CHECK(journal.jobs().size() == (lines > 1 ? 1 : 0));
    if (lines == 3) {
      journal.record(entry(submitted));
      CHECK(book.open().jobs()[0].last.state == submitted);
    }
  }
}

TEST_CASE("Any changed byte, and a line that is missing or twice, is refused by its line number",
          "[journal]") {
  const std::string all = written({planned, submitting, submitted, completed}).text;
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (all[at] == '\n') continue;
    Book book{all};
    book.text[at] = book.text[at] == '5' ? '6' : '5';
    INFO("byte " << at);
    const auto line = 1 + std::count(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    CHECK_THROWS_WITH(book.open(), Catch::Contains("j.jsonl:" + std::to_string(line) + ":"));
  }
  const std::size_t second = all.find('\n') + 1, third = all.find('\n', second) + 1;
  CHECK_THROWS_WITH(Book{all.substr(0, second) + all.substr(third)}.open(), Catch::Contains("j.jsonl:2:"));
  CHECK_THROWS_WITH(Book{all.substr(0, third) + all.substr(second)}.open(), Catch::Contains("j.jsonl:3:"));
}

TEST_CASE("Another replay's journal is refused", "[journal]") {
  Book book = written({planned});
  CHECK_THROWS_WITH(book.open(std::string(64, 'b')), Catch::Contains("another folder"));
}

TEST_CASE("Only steps that can follow each other are written", "[journal]") {
  Book book = written({planned, submitting, submitted});
  ReplayJournal journal = book.open();
  const std::string before = book.text;
  for (ReplayState state : {submitting, submitted, fetched, abandoned}) {
    INFO(name(state));
    CHECK_THROWS_AS(journal.record(entry(state)), Error);
  }
  CHECK_THROWS_AS(journal.record(entry(completed, 0, 2)), Error);
  CHECK_THROWS_AS(journal.record(entry(submitting, 1)), Error);
  CHECK(book.text == before);
}

TEST_CASE("What is spent counts doubles, earlier attempts and what may have been sent", "[journal]") {
  Book book = written({planned, submitting});
  ReplayJournal journal = book.open();
  CHECK(journal.spent() == 2.5);  // it may be at the service
  JournalEntry found = entry(submitted);
  found.ids = {"one", "two"};
  journal.record(found);
  CHECK(journal.spent() == 5.0);
  JournalEntry failure = entry(failed);
  failure.cost = 1.0;
  journal.record(failure);
  CHECK(journal.spent() == 2.0);  // both at what the service says
  journal.record(entry(planned, 0, 2));
  CHECK(journal.spent() == 2.0);
  journal.record(entry(submitting, 0, 2));
  CHECK(journal.spent() == 4.5);
  journal.record(entry(failed, 0, 2));  // refused: not sent
  CHECK(journal.spent() == 2.0);
}

TEST_CASE("A write that fails leaves the journal as it is on disk", "[journal]") {
  bool full = false;
  std::string text;
  ReplayJournal journal("", "j.jsonl", journal_identity, [&](std::string_view line) {
    if (full) throw data_error("disk full");
    text += line;
  });
  journal.record(entry(planned));
  full = true;
  CHECK_THROWS_AS(journal.record(entry(submitting)), Error);
  CHECK(journal.jobs()[0].last.state == planned);
  full = false;
  journal.record(entry(submitting));
  CHECK(ReplayJournal(text, "j.jsonl", journal_identity, {}).jobs()[0].last.state == submitting);
}

TEST_CASE("Results are kept as they were received", "[journal]") {
  JobResult result;
  result.counts = {{{{"01", 3}, {"10", 4}}, {}}, {{{"1", 7}}}};
  result.dropped = 2;
  result.cost = 0.1;
  result.missing = {"sweep 0 row 1: \"broken\" \xff"};
  const JobResult back = parse_result(result_text("tag", result), "file");
  CHECK(back.counts == result.counts);
  CHECK(back.dropped == 2);
  CHECK(back.cost == result.cost);
  CHECK(back.missing.size() == 1);
  CHECK_THROWS_AS(parse_result("{}", "file"), Error);
  CHECK_THROWS_AS(parse_result("not json", "file"), Error);
}
