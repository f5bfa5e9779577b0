//! `./dev doctor`: lists each outside tool, found or not, and what it is for. It changes nothing.

use crate::no_more_words;
use crate::process::{self, Failure, UNAVAILABLE};
use crate::tools::{Need, TOOLS};

/// Prints the table.
///
/// # Errors
/// If a required tool is missing.
pub fn run(words: &[String]) -> Result<(), Failure> {
    no_more_words("doctor", words)?;
    if let Some(cargo) = process::first_line(process::cargo(&["--version"])) {
        println!("{:<9} {:<18} {cargo}", "found", "cargo");
        println!("{:<28} builds everything; needed by every verb", "");
    }
    let mut missing = Vec::new();
    for tool in TOOLS {
        let found = tool.find();
        let state = match (&found, tool.need) {
            (Some(_), _) => "found",
            (None, Need::Required) => "MISSING",
            (None, Need::Optional) => "absent",
        };
        if found.is_none() && tool.need == Need::Required {
            missing.push(tool.name);
        }
        let place = found.unwrap_or_else(|| match tool.debian {
            [] => tool.otherwise.to_owned(),
            packages => format!("Debian: {}", packages.join(" ")),
        });
        let verbs = match (tool.verbs, tool.need) {
            ([], _) => "no verb needs it".to_owned(),
            (verbs, Need::Required) => format!("needed by {}", verbs.join(", ")),
            (verbs, Need::Optional) => format!("optional for {}", verbs.join(", ")),
        };
        println!("{state:<9} {:<18} {place}", tool.name);
        println!("{:<28} {}; {verbs}", "", tool.purpose);
    }
    if missing.is_empty() {
        println!("\nEverything required is here.");
        return Ok(());
    }
    let message = format!(
        "missing: {}. The verb that needs it installs it on Debian and Ubuntu, and elsewhere names it.",
        missing.join(", ")
    );
    Err(Failure::new(UNAVAILABLE, message))
}
