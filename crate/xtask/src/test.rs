//! Every test, in the order in which they fail fastest.

use std::path::Path;

use crate::install;
use crate::run::{Done, Fault, program, root, run, succeeds};
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
    run(program("npm", &["--prefix", "tests/browser", "test"]))
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
    let environment = root().join("target/fixtures-venv");
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
    let requirements = "tests/fixtures/requirements.txt";
    run(program(
        &python,
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--requirement",
            requirements,
        ],
    ))?;
    let maker = root().join("tests/fixtures/make.py");
    if !maker.exists() {
        return Err(Fault(format!("{} is missing", maker.display())));
    }
    run(program(&python, &[&maker.to_string_lossy()]))
}
