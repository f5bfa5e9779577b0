//! The real program `imena` as a process: where it is, what it printed, and a hub of its own that can be stopped or killed.
//!
//! Owns starting and ending. What is typed, and what it should print, stands with who types it.

use std::io::{BufRead as _, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// Opens every phone that a test or the demonstration joins.
pub const PASSCODE: &str = "123456";
/// Opens every organisation that a test or the demonstration makes.
pub const PASSPHRASE: &str = "beech wood by the quiet river";
/// A start asks a slow machine for two key derivations.
const READY_WITHIN: Duration = Duration::from_secs(120);
const STOPPED_WITHIN: Duration = Duration::from_secs(60);

/// The program and the folder in which it is called.
#[derive(Clone, Debug)]
pub struct Imena {
    program: PathBuf,
    dir: PathBuf,
    passcode: Option<String>,
}

/// A line that a program printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// On standard output.
    Out(String),
    /// On standard error.
    Err(String),
}

/// A call that ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Exit code; absent if a signal ended it.
    pub code: Option<i32>,
    /// Lines of standard output.
    pub out: Vec<String>,
    /// Lines of standard error.
    pub err: Vec<String>,
}

/// A running `imena hub`; dropping it kills it.
#[derive(Debug)]
pub struct HubProcess {
    child: Child,
    lines: Receiver<Line>,
    said: Vec<String>,
}

impl Imena {
    /// The program, called in `dir`: the one named by `IMENA_BIN`, else the one beside this program.
    ///
    /// # Errors
    /// There is none; the text says how to build it.
    pub fn find(dir: &Path) -> Result<Self, String> {
        let program = match std::env::var_os("IMENA_BIN").filter(|path| !path.is_empty()) {
            Some(path) => PathBuf::from(path),
            None => beside_this_program().unwrap_or_default(),
        };
        let program = program.canonicalize().map_err(|error| {
            let todo = "build it first: cargo build --package imena";
            format!("no program at {}: {error}; {todo}", program.display())
        })?;
        Ok(Self {
            program,
            dir: dir.to_path_buf(),
            passcode: Some(PASSCODE.to_owned()),
        })
    }

    /// The same without a passcode: a phone stays locked.
    #[must_use]
    pub fn without_passcode(&self) -> Self {
        Self {
            passcode: None,
            ..self.clone()
        }
    }

    /// The folder in which it is called.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A call that was not started yet.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(words).current_dir(&self.dir);
        command.env("IMENA_PASSPHRASE", PASSPHRASE);
        match &self.passcode {
            Some(passcode) => command.env("IMENA_PASSCODE", passcode),
            None => command.env_remove("IMENA_PASSCODE"),
        };
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Calls it, hands every line to `heard` as it comes, and waits for its end.
    ///
    /// # Errors
    /// It could not be started.
    pub fn run_hearing(&self, words: &[&str], heard: &mut dyn FnMut(&Line)) -> Result<Ran, String> {
        let mut child = self.command(words).spawn().map_err(|e| e.to_string())?;
        let lines = lines_of(&mut child);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        for line in lines {
            heard(&line);
            match line {
                Line::Out(text) => out.push(text),
                Line::Err(text) => err.push(text),
            }
        }
        let code = child.wait().map_err(|e| e.to_string())?.code();
        Ok(Ran { code, out, err })
    }

    /// Calls it and waits for its end.
    ///
    /// # Errors
    /// It could not be started.
    pub fn run(&self, words: &[&str]) -> Result<Ran, String> {
        self.run_hearing(words, &mut |_| {})
    }
}

impl Ran {
    /// Everything that was printed, for a message.
    #[must_use]
    pub fn all(&self) -> String {
        let code = self
            .code
            .map_or("signal".to_owned(), |code| code.to_string());
        let lines = [self.out.join("\n"), self.err.join("\n")];
        format!("exit code {code}\n{}", lines.join("\n"))
    }

    /// The JSON values of standard output, one a line.
    ///
    /// # Errors
    /// A line is no JSON.
    pub fn json(&self) -> Result<Vec<serde_json::Value>, String> {
        let values = self.out.iter().map(|line| serde_json::from_str(line));
        let values = values.collect::<Result<_, _>>();
        values.map_err(|error| format!("{error}\n{}", self.all()))
    }
}

impl HubProcess {
    /// Starts `imena hub` with more words and waits until it is ready; its lines go to `heard`.
    ///
    /// # Errors
    /// It ended or never got ready; the text is what it said.
    pub fn start(
        imena: &Imena,
        words: &[&str],
        heard: &mut dyn FnMut(&Line),
    ) -> Result<Self, String> {
        let words = [&["hub"], words].concat();
        let mut child = imena.command(&words).spawn().map_err(|e| e.to_string())?;
        let lines = lines_of(&mut child);
        let said = Vec::new();
        let mut hub = Self { child, lines, said };
        let deadline = Instant::now() + READY_WITHIN;
        let mut is_ready = false;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = hub.lines.recv_timeout(left).map_err(|error| {
                let why = match error {
                    RecvTimeoutError::Timeout => "the hub did not get ready",
                    RecvTimeoutError::Disconnected => "the hub ended",
                };
                format!("{why}:\n{}", hub.said.join("\n"))
            })?;
            heard(&line);
            let (Line::Out(text) | Line::Err(text)) = line;
            is_ready |= text.starts_with("Ready.");
            hub.said.push(text);
            // The join code comes on the other stream, which may be read later.
            if is_ready && hub.join_code().is_some() {
                return Ok(hub);
            }
        }
    }

    /// Where it listens for phones.
    #[must_use]
    pub fn phones(&self) -> Option<SocketAddr> {
        self.after("Phones: listens on ")?.parse().ok()
    }

    /// Where its page stands.
    #[must_use]
    pub fn page(&self) -> Option<SocketAddr> {
        self.after("Page: http://")?.parse().ok()
    }

    /// The join code that it printed.
    #[must_use]
    pub fn join_code(&self) -> Option<&str> {
        self.after("Join code: ")
    }

    /// The first word of what it said behind a text.
    fn after(&self, text: &str) -> Option<&str> {
        let rest = self.said.iter().find_map(|line| line.strip_prefix(text))?;
        rest.split_whitespace().next()
    }

    /// Ends it as Ctrl-C does; gives its exit status.
    ///
    /// # Errors
    /// It did not end; then it is killed.
    pub fn stop(mut self) -> Result<ExitStatus, String> {
        terminate(&self.child)?;
        let deadline = Instant::now() + STOPPED_WITHIN;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().map_err(|e| e.to_string())? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err("the hub does not end".to_owned())
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends it in the middle of whatever it does.
    pub fn kill(self) {
        drop(self);
    }
}

impl Drop for HubProcess {
    fn drop(&mut self) {
        // Ended already: then there is nothing to kill, and waiting only takes its status.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn beside_this_program() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    let dir = own.parent()?;
    // Test programs stand one folder deeper.
    let dir = if dir.ends_with("deps") {
        dir.parent()?
    } else {
        dir
    };
    Some(dir.join(format!("imena{}", std::env::consts::EXE_SUFFIX)))
}

fn lines_of(child: &mut Child) -> Receiver<Line> {
    let (sender, lines) = channel();
    if let Some(out) = child.stdout.take() {
        tell_lines(out, Line::Out, sender.clone());
    }
    if let Some(err) = child.stderr.take() {
        tell_lines(err, Line::Err, sender);
    }
    lines
}

fn tell_lines(from: impl Read + Send + 'static, kind: fn(String) -> Line, sender: Sender<Line>) {
    std::thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            // Whoever stopped listening does not stop the program: its lines are read on.
            let _ = sender.send(kind(String::from_utf8_lossy(&line).into_owned()));
        }
    });
}

fn terminate(child: &Child) -> Result<(), String> {
    let pid = libc::pid_t::try_from(child.id()).map_err(|e| e.to_string())?;
    #[allow(unsafe_code, reason = "there is no safe call for a signal to a child")]
    // SAFETY: kill takes no pointer; the child was not waited for, so its number is its own.
    let sent = unsafe { libc::kill(pid, libc::SIGTERM) };
    if sent == 0 {
        return Ok(());
    }
    Err(std::io::Error::last_os_error().to_string())
}
