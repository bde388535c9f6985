//! Running other programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What went wrong, in one line.
#[derive(Debug)]
pub struct Error(pub String);

pub type Result<T = ()> = std::result::Result<T, Error>;

impl From<std::io::Error> for Error {
    fn from(cause: std::io::Error) -> Self {
        Self(cause.to_string())
    }
}

/// The folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A program in the workspace folder, with the installed tools on its path.
pub fn program(name: &str, arguments: &[&str]) -> Command {
    let tools = root().join("target/tools/bin");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(tools).chain(std::env::split_paths(&path));
    let mut command = Command::new(name);
    command.args(arguments).current_dir(root());
    if let Ok(path) = std::env::join_paths(path) {
        command.env("PATH", path);
    }
    command
}

/// Runs a program and fails when it does.
pub fn run(mut command: Command) -> Result {
    let line = line(&command);
    println!("\n$ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Error(format!("`{line}` ended with {status}"))),
        Err(cause) => Err(Error(format!("`{line}` could not be started: {cause}"))),
    }
}

/// Does two jobs at once, waits for both, and fails when one does.
pub fn both(first: impl FnOnce() -> Result + Send, second: impl FnOnce() -> Result) -> Result {
    std::thread::scope(|scope| {
        let first = scope.spawn(first);
        let second = second();
        let first = first.join();
        first
            .unwrap_or_else(|_| Err(Error("a thread panicked".into())))
            .and(second)
    })
}

/// Whether a program runs and ends well; its output is dropped.
pub fn succeeds(mut command: Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// A command as one would type it.
fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
