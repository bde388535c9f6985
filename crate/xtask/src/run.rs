//! Running other programs.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What went wrong, in one line.
#[derive(Debug)]
pub struct Fault(pub String);

pub type Done = Result<(), Fault>;

impl From<std::io::Error> for Fault {
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
pub fn run(mut command: Command) -> Done {
    let line = show(&command);
    println!("\n$ {line}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Fault(format!("`{line}` ended with {status}"))),
        Err(cause) => Err(Fault(format!("`{line}` could not be started: {cause}"))),
    }
}

/// Whether a program runs and ends well; its output is dropped.
pub fn succeeds(mut command: Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}
