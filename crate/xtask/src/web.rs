//! The wasm module and the page.

use std::io::Write;

use crate::install;
use crate::run::{Error, Result, program, run};
use crate::settings::Settings;

/// Builds the wasm module and the page into `web/dist`.
pub fn build() -> Result {
    let settings = Settings::read()?;
    install::npm("web")?;
    build_wasm(&settings)?;
    build_page()
}

/// Builds the wasm module, and its JavaScript and types, into the folder of the settings.
pub fn build_wasm(settings: &Settings) -> Result {
    install::wasm_tools(settings)?;
    let out_dir = settings.out_dir();
    let out_dir = out_dir.to_string_lossy();
    let mut build = program(
        "wasm-pack",
        &[
            "build",
            &settings.package,
            "--target",
            &settings.target,
            "--profile",
            &settings.profile,
            "--mode",
            "no-install",
            "--no-pack",
            "--out-dir",
            &out_dir,
        ],
    );
    build.env(
        "CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS",
        &settings.rustflags,
    );
    run(build)
}

/// Builds the page around the wasm module.
pub fn build_page() -> Result {
    run(program("npm", &["--prefix", "web", "run", "build"]))
}

/// Prints the wasm module's size and fails when its transfer passes the budget.
pub fn check_size(settings: &Settings) -> Result {
    let wasm = std::fs::read(settings.out_dir().join("askmask_web_bg.wasm"))?;
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 11, 24);
    writer.write_all(&wasm)?;
    let compressed = writer.into_inner().len();
    println!(
        "wasm: {} bytes, {compressed} after brotli, budget {}",
        wasm.len(),
        settings.brotli_budget
    );
    if compressed > settings.brotli_budget {
        return Err(Error(format!(
            "the wasm module is {compressed} bytes after brotli"
        )));
    }
    Ok(())
}

/// Builds and serves the page.
pub fn demo(port: &str) -> Result {
    build()?;
    println!("\naskmask is at http://localhost:{port}/ (Ctrl-C ends it)");
    run(program(
        "npm",
        &[
            "--prefix",
            "web",
            "run",
            "preview",
            "--",
            "--port",
            port,
            "--strictPort",
        ],
    ))
}
