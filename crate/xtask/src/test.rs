//! Every test, in the order in which they fail fastest.

use std::path::Path;

use crate::install;
use crate::run::{Result, both, program, run};
use crate::settings::Settings;
use crate::web;

/// All tests. A machine without a WebGPU adapter in Chromium fails, it does not skip.
pub fn all() -> Result {
    run(program("cargo", &["fmt", "--all", "--check"]))?;
    install::debian("mesa-vulkan-drivers", has_vulkan())?;
    install_chromium()?;
    install::browsers(&Settings::read()?)?;
    install::npm("web")?;
    install::npm("tests/browser")?;
    // PyTorch is a large download: it comes while the compiler works.
    both(|| recipe_python().map(drop), product)?;
    recipe()
}

/// Rust, TypeScript and the browser.
fn product() -> Result {
    let settings = Settings::read()?;
    run(program("cargo", &["test", "--workspace", "--locked"]))?;
    // The wasm module's last step, its link, takes minutes on one core: lints use the other one.
    // Their folders in `target` differ, so neither waits for the other.
    both(|| web::build_wasm(&settings), lint)?;
    web::check_size(&settings)?;
    // These read the types of the wasm module.
    run(program("npm", &["--prefix", "web", "run", "check"]))?;
    run(program("npm", &["--prefix", "web", "test"]))?;
    web::build_page()?;
    run(program("npm", &["--prefix", "tests/browser", "test"]))
}

/// The page's main job in three browser engines, on the site as it is built now.
pub fn browsers() -> Result {
    install_chromium()?;
    install::browsers(&Settings::read()?)?;
    install::npm("tests/browser")?;
    web::build()?;
    run(program(
        "npm",
        &["--prefix", "tests/browser", "run", "engines"],
    ))
}

fn install_chromium() -> Result {
    install::debian(
        "chromium",
        Path::new("/usr/bin/chromium").exists() || std::env::var_os("CHROMIUM").is_some(),
    )
}

fn lint() -> Result {
    run(program(
        "cargo",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    ))
}

/// The parity table. No `--package`: that would choose other features and compile Burn again.
pub fn parity() -> Result {
    install::debian("mesa-vulkan-drivers", has_vulkan())?;
    run(program("cargo", &["run", "--bin", "parity", "--locked"]))
}

/// Whether some Vulkan driver is installed.
fn has_vulkan() -> bool {
    !cfg!(target_os = "linux")
        || ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"]
            .iter()
            .any(|folder| std::fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some()))
}

/// Makes the golden fixtures again in a Python environment of their own.
pub fn fixtures() -> Result {
    let python = install::python("fixtures-venv", "tests/fixtures/requirements.txt")?;
    run(program(&python, &["tests/fixtures/make.py"]))
}

/// The training recipe of the embedded model at a small scale, in a Python environment of its own.
pub fn recipe() -> Result {
    let python = recipe_python()?;
    run(program(&python, &["models/recipe/smoke.py"]))
}

fn recipe_python() -> Result<String> {
    install::python("recipe-venv", "models/recipe/requirements.txt")
}
