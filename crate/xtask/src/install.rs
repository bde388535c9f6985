//! Installing what a bare machine lacks.

use crate::run::{Error, Result, program, root, run, succeeds};
use crate::settings::Settings;

/// The wasm target, wasm-bindgen and wasm-pack, the latter two into `target/tools`.
pub fn wasm_tools(settings: &Settings) -> Result {
    // `rustup target add` is quick when the target is there already.
    run(program(
        "rustup",
        &["target", "add", "wasm32-unknown-unknown"],
    ))?;
    cargo_tool(settings, "wasm-bindgen-cli", "wasm-bindgen", &[])?;
    // It only calls other programs: quick to build counts for more than quick to run.
    cargo_tool(settings, "wasm-pack", "wasm-pack", &["--locked", "--debug"])
}

/// The other engines' browsers, and every browser's driver; Chromium itself is there already.
pub fn browsers(settings: &Settings) -> Result {
    for (package, command) in [
        ("chromium-driver", "chromedriver"),
        ("firefox-esr", "firefox"),
        ("webkit2gtk-driver", "WebKitWebDriver"),
        // WebKit's browser has no headless mode.
        ("xvfb", "Xvfb"),
    ] {
        let found = succeeds(program("sh", &["-c", &format!("command -v {command}")]));
        debian(package, found)?;
    }
    cargo_tool(
        settings,
        "geckodriver",
        "geckodriver",
        &["--locked", "--debug"],
    )
}

/// A program from crates.io in the pinned version, into `target/tools`.
fn cargo_tool(settings: &Settings, tool: &str, command: &str, options: &[&str]) -> Result {
    let version = settings.tool(tool)?;
    let found = program(command, &["--version"]).output();
    let found = found
        .map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
        .unwrap_or_default();
    if found.split_whitespace().nth(1) == Some(version) {
        return Ok(());
    }
    let mut install = vec!["install", tool, "--version", version];
    install.extend(["--root", "target/tools"]);
    install.extend(options);
    run(program("cargo", &install))
}

/// A nightly toolchain, whose compiler has libFuzzer's instruments, and cargo-fuzz.
pub fn fuzzer(settings: &Settings) -> Result {
    run(program(
        "rustup",
        &["toolchain", "install", "nightly", "--profile", "minimal"],
    ))?;
    cargo_tool(settings, "cargo-fuzz", "cargo-fuzz", &["--locked"])
}

/// Packages of the npm projects `web` and `tests/browser`.
pub fn npm(folder: &str) -> Result {
    if !succeeds(program("npm", &["--version"])) {
        return Err(Error("npm is missing: install Node.js 20 or newer".into()));
    }
    let lock = root().join(folder).join("package-lock.json");
    let installed = root().join(folder).join("node_modules/.package-lock.json");
    let modified = |path: std::path::PathBuf| path.metadata().and_then(|m| m.modified());
    match (modified(lock), modified(installed)) {
        (Ok(lock), Ok(installed)) if lock <= installed => Ok(()),
        _ => run(program(
            "npm",
            &["--prefix", folder, "ci", "--no-audit", "--no-fund"],
        )),
    }
}

/// A Python environment `target/NAME` with the packages of a requirements file; gives its interpreter.
pub fn python(name: &str, requirements: &str) -> Result<String> {
    let environment = root().join("target").join(name);
    let python = environment
        .join("bin/python")
        .to_string_lossy()
        .into_owned();
    if !succeeds(program(&python, &["--version"])) {
        run(program(
            "python3",
            &["-m", "venv", &environment.to_string_lossy()],
        ))?;
    }
    run(program(
        &python,
        &["-m", "pip", "install", "--quiet", "-r", requirements],
    ))?;
    Ok(python)
}

/// A Debian package, unless `present` says that it is not needed.
pub fn debian(package: &str, present: bool) -> Result {
    if present {
        return Ok(());
    }
    if !succeeds(program(
        "sh",
        &["-c", "command -v apt-get && test \"$(id -u)\" = 0"],
    )) {
        return Err(Error(format!(
            "install {package} with your system's package manager"
        )));
    }
    run(program("apt-get", &["update", "-q"]))?;
    let mut install = program(
        "apt-get",
        &["install", "-y", "-q", "--no-install-recommends", package],
    );
    install.env("DEBIAN_FRONTEND", "noninteractive");
    run(install)
}
