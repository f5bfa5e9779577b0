//! Types commands as a person would, and shows both what is typed and what is answered.

use std::cell::Cell;
use std::fs;

use imena_tests::program::{Imena, Line, Ran};
use serde_json::Value;

use crate::signals;

/// Of many photos the first lines are shown, and how many more there were.
const SAVED_LINES_MAX: usize = 12;

/// The program in the folder of this run.
pub struct Stage {
    imena: Imena,
    scripts: Cell<u32>,
    chapters: Cell<u32>,
}

impl Stage {
    /// A stage without anything on it.
    pub fn new(imena: Imena) -> Self {
        let (scripts, chapters) = (Cell::new(0), Cell::new(0));
        Self {
            imena,
            scripts,
            chapters,
        }
    }

    /// The program.
    pub fn imena(&self) -> &Imena {
        &self.imena
    }

    /// The folder of this run.
    pub fn home(&self) -> std::path::Display<'_> {
        self.imena.dir().display()
    }

    /// Begins a part of the tour.
    pub fn chapter(&self, title: &str, why: &str) {
        self.chapters.set(self.chapters.get() + 1);
        println!("\n{}. {title}\n   {why}\n", self.chapters.get());
    }

    /// Types one command; whatever its exit code.
    pub fn call(&self, words: &[&str]) -> Result<Ran, String> {
        println!("{}", typed(words));
        let mut saved = 0;
        let ran = self.imena.run_hearing(words, &mut |line| {
            saved += usize::from(matches!(line, Line::Out(text) if text.starts_with("saved ")));
            if saved <= SAVED_LINES_MAX || !is_about_a_photo(line) {
                show(line);
            }
        })?;
        if saved > SAVED_LINES_MAX {
            println!("    … and {} more", saved - SAVED_LINES_MAX);
        }
        match signals::is_ended() {
            true => Err("interrupted".to_owned()),
            false => Ok(ran),
        }
    }

    /// Types one command that must end well.
    pub fn call_well(&self, words: &[&str]) -> Result<Ran, String> {
        expect(self.call(words)?, 0)
    }

    /// Types lines into a phone that stays on; whatever its exit code.
    pub fn phone(&self, dir: &str, lines: &[String]) -> Result<Ran, String> {
        let number = self.scripts.get() + 1;
        self.scripts.set(number);
        let script = format!("{dir}-{number}.txt");
        let path = self.imena.dir().join(&script);
        fs::write(path, lines.join("\n") + "\n").map_err(|error| error.to_string())?;
        println!("{script}:");
        lines.iter().for_each(|line| println!("  > {line}"));
        self.call(&["phone", "--dir", dir, "--script", &script])
    }

    /// Types lines into a phone; all must end well.
    pub fn phone_well(&self, dir: &str, lines: &[&str]) -> Result<Ran, String> {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        expect(self.phone(dir, &lines)?, 0)
    }

    /// The status of a locked phone, without showing it.
    pub fn status(&self, dir: &str) -> Result<Value, String> {
        let words = ["--json", "phone", "--dir", dir, "status"];
        let ran = self.imena.without_passcode().run(&words)?;
        let status = ran.json()?.into_iter().next();
        status.ok_or_else(|| ran.all())
    }

    /// Asks without showing, for figures; JSON values in the order of the lines.
    pub fn figures(&self, dir: &str, lines: &[String]) -> Result<Vec<Value>, String> {
        let path = self.imena.dir().join("figures.txt");
        fs::write(path, lines.join("\n")).map_err(|error| error.to_string())?;
        let words = ["--json", "phone", "--dir", dir, "--script", "figures.txt"];
        let ran = self.imena.run(&words)?;
        if ran.code != Some(0) {
            return Err(ran.all());
        }
        let values = ran.json()?;
        match values.len() == lines.len() {
            true => Ok(values),
            false => Err(format!(
                "{} answers to {} questions",
                values.len(),
                lines.len()
            )),
        }
    }
}

/// An exit code that the tour counts on.
pub fn expect(ran: Ran, code: i32) -> Result<Ran, String> {
    match ran.code == Some(code) {
        true => Ok(ran),
        false => {
            let ended = ran
                .code
                .map_or("a signal".to_owned(), |code| format!("code {code}"));
            Err(format!(
                "a command ended with {ended}, code {code} was expected"
            ))
        }
    }
}

/// The command as a person types it.
pub fn typed(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("$ imena {}", words.join(" "))
}

/// A word that a shell, or a script of a phone, reads back as it is.
pub fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:=,+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Shows a line of a program.
pub fn show(line: &Line) {
    let (Line::Out(text) | Line::Err(text)) = line;
    println!("    {text}");
}

fn is_about_a_photo(line: &Line) -> bool {
    let (Line::Out(text) | Line::Err(text)) = line;
    text.starts_with("saved ") || text.starts_with("  note: ")
}
