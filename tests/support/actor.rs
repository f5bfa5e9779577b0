//! The other process: starts `imena-actor` on a vault, listens to what it says, and may kill it.
//!
//! Owns the lines between the two: `trying SHA256`, `saved SEALED SHA256`, `not saved SHA256: WHY`, `put off: WHY`, `closed`.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use imena_core::model::ids::SubjectRef;

use crate::phone::picture;
use crate::promises::Said;

/// What an actor is told.
#[derive(Clone, Debug)]
pub struct Task<'a> {
    /// The program, as cargo built it.
    pub program: &'a str,
    /// The vault to work on.
    pub vault: PathBuf,
    /// Folder of pictures to take.
    pub pictures: PathBuf,
    /// Whom the photos are of.
    pub owner: SubjectRef,
    /// How many photos.
    pub count: u64,
    /// Step at which it kills itself, and at which occurrence.
    pub kill_at: Option<(&'static str, u64)>,
    /// Step at which it says "saved", before that is true: the negative control.
    pub acknowledge_early: Option<&'static str>,
    /// Variables, for a shim.
    pub variables: Vec<(&'static str, String)>,
}

/// How an actor ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By SIGKILL.
    Killed,
    /// With an exit code and the last thing it said on stderr.
    Exit(i32, String),
}

impl Task<'_> {
    /// Starts the actor.
    #[must_use]
    pub fn start(&self) -> Child {
        let mut command = Command::new(self.program);
        command
            .arg(&self.vault)
            .arg("--pictures")
            .arg(&self.pictures);
        command.args([
            "--count",
            &self.count.to_string(),
            "--grave",
            &self.owner.id.to_string(),
        ]);
        if let Some((step, nth)) = self.kill_at {
            command.args(["--kill-at", step, "--nth", &nth.to_string()]);
        }
        if let Some(step) = self.acknowledge_early {
            command.args(["--acknowledge-early", step]);
        }
        command.envs(self.variables.iter().cloned());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Lets it run to its end, or kills it after a while; hears everything that it said before.
    pub fn run(&self, said: &mut Said, kill_after: Option<Duration>) -> (Ended, Vec<String>) {
        let mut child = self.start();
        if let Some(wait) = kill_after {
            std::thread::sleep(wait);
            child.kill().unwrap();
        }
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            hear(said, &line);
            lines.push(line);
        }
        let output = child.wait_with_output().unwrap();
        let ended = match output.status.signal() {
            Some(libc::SIGKILL) => Ended::Killed,
            Some(_) | None => {
                let word = String::from_utf8_lossy(&output.stderr).into_owned();
                Ended::Exit(output.status.code().unwrap_or(-1), word)
            }
        };
        (ended, lines)
    }
}

fn hear(said: &mut Said, line: &str) {
    let words: Vec<_> = line.split(' ').collect();
    match words.as_slice() {
        ["trying", sha256] => {
            said.tried.insert((*sha256).to_owned());
        }
        ["saved", _sealed, sha256] => {
            said.saved.insert((*sha256).to_owned());
        }
        _ => {}
    }
}

/// Writes some pictures of 50 to 300 KB for actors to take.
pub fn write_pictures(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    for number in 0..6 {
        std::fs::write(folder.join(format!("{number}.jpg")), picture(number)).unwrap();
    }
}
