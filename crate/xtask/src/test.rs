//! Every test, in the order in which they fail fastest.

use std::path::Path;

use crate::install;
use crate::run::{Done, program, run};
use crate::web;

/// All tests. A machine without a WebGPU adapter in Chromium fails, it does not skip.
pub fn all() -> Done {
    install::debian("mesa-vulkan-drivers", has_vulkan())?;
    install::debian(
        "chromium",
        Path::new("/usr/bin/chromium").exists() || std::env::var_os("CHROMIUM").is_some(),
    )?;
    install::npm("web")?;
    install::npm("tests/browser")?;
    run(program("cargo", &["fmt", "--all", "--check"]))?;
    run(program("npm", &["--prefix", "web", "test"]))?;
    run(program("cargo", &["test", "--workspace", "--locked"]))?;
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
    ))?;
    web::build()?;
    web::check_size()?;
    run(program("npm", &["--prefix", "web", "run", "check"]))?;
    run(program("npm", &["--prefix", "tests/browser", "test"]))?;
    recipe()
}

/// The parity table. No `--package`: that would choose other features and compile Burn again.
pub fn parity() -> Done {
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
pub fn fixtures() -> Done {
    let python = install::python("fixtures-venv", "tests/fixtures/requirements.txt")?;
    run(program(&python, &["tests/fixtures/make.py"]))
}

/// The training recipe of the embedded model at a small scale, in a Python environment of its own.
pub fn recipe() -> Done {
    let python = install::python("recipe-venv", "models/recipe/requirements.txt")?;
    run(program(&python, &["models/recipe/smoke.py"]))
}
