//! Counts tests by reading what the test runners say at their end.

use std::fmt;

/// How many tests passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Counts {
    pub fn add(&mut self, other: Self) {
        self.passed = self.passed.saturating_add(other.passed);
        self.failed = self.failed.saturating_add(other.failed);
        self.skipped = self.skipped.saturating_add(other.skipped);
    }

    /// Whether no test ran: a runner that counts nothing has proved nothing.
    pub fn is_empty(self) -> bool {
        self.passed == 0 && self.failed == 0
    }

    /// Reads one of cargo's lines, `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    pub fn of_cargo_line(line: &str) -> Option<Self> {
        Some(Self::of_words(
            line.trim_start().strip_prefix("test result:")?,
        ))
    }

    /// Reads a closing line of pytest (`== 3 passed, 1 skipped in 0.1s ==`) or ours (`3 passed, 0 failed`).
    pub fn of_python_line(line: &str) -> Option<Self> {
        let counts = Self::of_words(line);
        if counts == Self::default() {
            None
        } else {
            Some(counts)
        }
    }

    /// Reads Maven's sum, `Tests run: 33, Failures: 0, Errors: 0, Skipped: 1`, which has no time at its end as each suite's line has.
    pub fn of_maven_line(line: &str) -> Option<Self> {
        let (_, rest) = line.trim_end().split_once("Tests run: ")?;
        if rest.contains("Time elapsed") {
            return None;
        }
        let number = |name: &str| -> u64 {
            let after = rest.split_once(name).map_or(rest, |(_, after)| after);
            let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap_or(0)
        };
        let (failed, skipped) = (
            number("Failures: ").saturating_add(number("Errors: ")),
            number("Skipped: "),
        );
        let passed = number("").saturating_sub(failed).saturating_sub(skipped);
        Some(Self {
            passed,
            failed,
            skipped,
        })
    }

    /// Reads the sum of Swift Testing, `Test run with 30 tests passed after 9 seconds.` or `… failed … with 2 issues.`: a failed run counts its issues.
    pub fn of_swift_line(line: &str) -> Option<Self> {
        let (_, rest) = line.split_once("Test run with ")?;
        let number = |text: &str| -> Option<u64> { text.split_whitespace().next()?.parse().ok() };
        let tests = number(rest)?;
        let issues = rest.split_once(" with ").and_then(|(_, rest)| number(rest));
        let failed = if rest.contains(" failed ") {
            issues.unwrap_or(1).min(tests)
        } else {
            0
        };
        Some(Self {
            passed: tests.saturating_sub(failed),
            failed,
            skipped: 0,
        })
    }

    /// Each number counts for the word after it.
    fn of_words(line: &str) -> Self {
        let mut counts = Self::default();
        let mut number = None;
        for word in line
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
        {
            let count = number.unwrap_or(0);
            match word {
                "passed" => counts.passed = counts.passed.saturating_add(count),
                "failed" | "error" | "errors" => {
                    counts.failed = counts.failed.saturating_add(count)
                }
                "ignored" | "skipped" => counts.skipped = counts.skipped.saturating_add(count),
                _ => {}
            }
            number = word.parse().ok();
        }
        counts
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(out, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn cargo_result_lines_add_up() {
        let said = "\nrunning 3 tests\ntest a ... ok\n\
            test result: FAILED. 12 passed; 3 failed; 2 ignored; 0 measured; 7 filtered out; finished in 0.01s\n\
            test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s\n";
        let mut sum = Counts::default();
        said.lines()
            .filter_map(Counts::of_cargo_line)
            .for_each(|found| sum.add(found));
        assert_eq!(sum, counts(17, 3, 2));
    }

    #[test]
    fn python_closing_lines_are_read() {
        for (line, expected) in [
            ("==== 3 passed, 1 skipped in 0.12s ====", counts(3, 0, 1)),
            ("= 1 failed, 2 passed, 1 error in 3.10s =", counts(2, 2, 0)),
            ("41 passed, 0 failed", counts(41, 0, 0)),
        ] {
            assert_eq!(Counts::of_python_line(line), Some(expected), "{line}");
        }
        for line in [
            "test_runs.py ....",
            "the seal passed",
            "2 runs read",
            "0 passed, 0 failed",
        ] {
            assert_eq!(Counts::of_python_line(line), None, "{line}");
        }
    }

    #[test]
    fn the_sums_of_maven_and_swift_are_read_and_the_lines_of_their_suites_are_not() {
        let suite =
            "[INFO] Tests run: 28, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 9.8 s -- in X";
        assert_eq!(Counts::of_maven_line(suite), None);
        let sum = "[ERROR] Tests run: 33, Failures: 1, Errors: 2, Skipped: 3";
        assert_eq!(Counts::of_maven_line(sum), Some(counts(27, 3, 3)));
        let passed = "\u{25C7} Test run with 30 tests passed after 9.151 seconds.";
        assert_eq!(Counts::of_swift_line(passed), Some(counts(30, 0, 0)));
        let suites = "Test run with 31 tests in 2 suites passed after 7 seconds.";
        assert_eq!(Counts::of_swift_line(suites), Some(counts(31, 0, 0)));
        let failed = "Test run with 30 tests failed after 9.151 seconds with 2 issues.";
        assert_eq!(Counts::of_swift_line(failed), Some(counts(28, 2, 0)));
        assert_eq!(
            Counts::of_swift_line("Test one() passed after 0.1 seconds."),
            None
        );
    }

    #[test]
    fn the_closing_line_has_the_form_that_readers_of_logs_know() {
        assert_eq!(counts(4, 0, 0).to_string(), "4 passed, 0 failed");
        assert_eq!(counts(4, 1, 2).to_string(), "4 passed, 1 failed, 2 skipped");
    }
}
