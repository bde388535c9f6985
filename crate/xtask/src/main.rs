//! The project's chores. `cargo xtask help` lists them.

mod full_size;
mod install;
mod run;
mod test;
mod web;

use std::path::Path;
use std::process::ExitCode;

use run::Fault;

const HELP: &str = "\
cargo xtask demo [PORT]      build what is needed, serve the page, print its address
cargo xtask test             run every test
cargo xtask build-web        build the wasm module and the page into web/dist
cargo xtask parity           print every stage beside the reference, CPU and GPU
cargo xtask fixtures         make the golden fixtures again (needs Python)
cargo xtask recipe           train the embedded model's recipe at a small scale (needs Python)
cargo xtask full-size DIR [--size 1b|2b]
                             write a random checkpoint with the true shapes of Sa2VA-1B
                             or Sa2VA-InternVL3-2B";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["demo"] => web::demo("4173"),
        ["demo", port] => web::demo(port),
        ["test"] => test::all(),
        ["build-web"] => web::build(),
        ["parity"] => test::parity(),
        ["fixtures"] => test::fixtures(),
        ["recipe"] => test::recipe(),
        ["full-size", folder] => full_size::write(Path::new(folder), "1b"),
        ["full-size", folder, "--size", size @ ("1b" | "2b")] => {
            full_size::write(Path::new(folder), size)
        }
        _ => {
            println!("{HELP}");
            return if matches!(words[..], ["help"]) {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(2)
            };
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Fault(message)) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
