//! The wasm module and the page.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Deserialize;

use crate::install;
use crate::run::{Done, Fault, program, root, run};

/// `wasm-pack.toml`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    #[serde(rename = "crate")]
    package: String,
    out_dir: String,
    target: String,
    profile: String,
    rustflags: String,
    brotli_budget: usize,
    tools: BTreeMap<String, String>,
}

impl Settings {
    pub fn read() -> Result<Self, Fault> {
        let text = std::fs::read_to_string(root().join("wasm-pack.toml"))?;
        toml::from_str(&text).map_err(|e| Fault(format!("wasm-pack.toml: {e}")))
    }

    /// The pinned version of a tool.
    pub fn tool(&self, name: &str) -> Result<&str, Fault> {
        let version = self.tools.get(name).map(String::as_str);
        version.ok_or_else(|| Fault(format!("wasm-pack.toml pins no version of {name}")))
    }
}

/// Builds the wasm module and the page into `web/dist`.
pub fn build() -> Done {
    let settings = Settings::read()?;
    install::wasm_tools(&settings)?;
    install::npm("web")?;
    wasm(&settings)?;
    run(program("npm", &["--prefix", "web", "run", "build"]))
}

fn wasm(settings: &Settings) -> Done {
    let out_dir = root().join(&settings.out_dir);
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

/// Prints the wasm module's size and fails when its transfer passes the budget.
pub fn check_size() -> Done {
    let settings = Settings::read()?;
    let file = root().join(&settings.out_dir).join("askmask_web_bg.wasm");
    let wasm = std::fs::read(&file)?;
    let mut writer = brotli::CompressorWriter::new(Vec::new(), 1 << 16, 11, 24);
    writer.write_all(&wasm)?;
    let compressed = writer.into_inner().len();
    println!(
        "wasm: {} bytes, {compressed} after brotli, budget {}",
        wasm.len(),
        settings.brotli_budget
    );
    if compressed > settings.brotli_budget {
        return Err(Fault(format!(
            "the wasm module is {compressed} bytes after brotli"
        )));
    }
    Ok(())
}

/// Builds and serves the page.
pub fn demo(port: &str) -> Done {
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
