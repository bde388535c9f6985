//! Builds, tests and the demo. `cargo xtask help` lists them.

mod full_size;
mod fuzz;
mod install;
mod run;
mod settings;
mod test;
mod web;

use std::path::Path;
use std::process::ExitCode;

use run::{Error, Result};

/// A test of the documents reads it too.
const HELP: &str = include_str!("help.txt");

/// What was asked for.
enum Task<'a> {
    Demo {
        port: &'a str,
    },
    Test,
    BuildWeb,
    Browsers,
    Parity,
    Fixtures,
    Recipe,
    Fuzz {
        target: Option<&'a str>,
        seconds: &'a str,
    },
    FullSize {
        folder: &'a Path,
        size: &'a str,
    },
    Help,
}

impl<'a> Task<'a> {
    /// `None` where there is no such task.
    fn parse(arguments: &[&'a str]) -> Option<Self> {
        Some(match *arguments {
            ["demo"] => Self::Demo { port: "4173" },
            ["demo", port] => Self::Demo { port },
            ["test"] => Self::Test,
            ["build-web"] => Self::BuildWeb,
            ["browsers"] => Self::Browsers,
            ["parity"] => Self::Parity,
            ["fixtures"] => Self::Fixtures,
            ["recipe"] => Self::Recipe,
            ["fuzz"] => Self::Fuzz {
                target: None,
                seconds: "600",
            },
            ["fuzz", target] => Self::Fuzz {
                target: Some(target),
                seconds: "600",
            },
            ["fuzz", target, "--seconds", seconds] => Self::Fuzz {
                target: Some(target),
                seconds,
            },
            ["full-size", folder] => Self::FullSize {
                folder: Path::new(folder),
                size: "1b",
            },
            ["full-size", folder, "--size", size @ ("1b" | "2b")] => Self::FullSize {
                folder: Path::new(folder),
                size,
            },
            ["help"] => Self::Help,
            _ => return None,
        })
    }

    fn run(self) -> Result {
        match self {
            Self::Demo { port } => web::demo(port),
            Self::Test => test::all(),
            Self::BuildWeb => web::build(),
            Self::Browsers => test::browsers(),
            Self::Parity => test::parity(),
            Self::Fixtures => test::fixtures(),
            Self::Recipe => test::recipe(),
            Self::Fuzz { target, seconds } => fuzz::fuzz(target, seconds),
            Self::FullSize { folder, size } => full_size::write(folder, size),
            Self::Help => {
                print!("{HELP}");
                Ok(())
            }
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let Some(task) = Task::parse(&arguments) else {
        eprint!("{HELP}");
        return ExitCode::from(2);
    };
    match task.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Error(message)) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_tasks_that_exist() {
        let lines = HELP.lines().filter_map(|l| l.strip_prefix("cargo xtask "));
        let examples: Vec<String> = lines
            .map(|line| {
                let command = line.split("  ").next().unwrap_or(line);
                // Options first without, then with their values.
                command.split(" [").next().unwrap_or(command).to_owned()
            })
            .collect();
        assert_eq!(examples.len(), 9);
        for example in examples {
            let words: Vec<&str> = example.split_whitespace().collect();
            assert!(Task::parse(&words).is_some(), "{example}");
        }
        assert!(Task::parse(&["demo", "8080"]).is_some());
        assert!(Task::parse(&["full-size", "DIR", "--size", "2b"]).is_some());
        assert!(Task::parse(&["full-size", "DIR", "--size", "3b"]).is_none());
        assert!(Task::parse(&[]).is_none());
    }
}
